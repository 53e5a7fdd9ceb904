// @ts-check
/**
 * A ticket becomes a token: the password grant with the ticket as user name
 * and the browser's own key as password, then refresh tokens ahead of expiry.
 * One request runs at a time, whoever asks. A refused refresh falls back to
 * the ticket once, since the same browser may come back with it.
 */
import { APIError, request } from './rest.js';
import { readToken } from './wire.js';

/** How long before its end a token is renewed, in seconds. */
const AHEAD = 40;
/** The least time between two renewals, in seconds. */
const LEAST = 3;

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds
 * @property {(f: () => void, ms: number) => unknown} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

/** @type {Clock} the browser's own clock; monotonic, so a changed wall clock ends no token */
export const browserClock = {
  now: () => performance.now(),
  setTimeout: (f, ms) => setTimeout(f, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/** TokenSource keeps one valid token; "renewed" tells of each new one. */
export class TokenSource extends EventTarget {
  #config;
  #clock;
  /** @type {import('./wire.js').Token | null} */
  #token = null;
  #until = 0;
  /** @type {Promise<import('./wire.js').Token> | null} */
  #running = null;
  /** @type {unknown} */
  #timer = undefined;
  #closed = false;

  /**
   * @param {object} config
   * @param {string} config.base
   * @param {string} config.ticket
   * @param {string} config.browserKey
   * @param {typeof globalThis.fetch} [config.fetch]
   * @param {Clock} [config.clock]
   */
  constructor({ base, ticket, browserKey, fetch = globalThis.fetch.bind(globalThis), clock = browserClock }) {
    super();
    this.#config = { base, ticket, browserKey, fetch };
    this.#clock = clock;
  }

  /** The access token at hand, "" before the first; it may be out of date. */
  get current() {
    return this.#token?.accessToken ?? '';
  }

  /** A valid access token, made or renewed when needed. */
  async token() {
    return (await this.#valid()).accessToken;
  }

  /** Who the ticket made of its holder, and the conference that it opens. */
  async holder() {
    const { userId, conferenceId } = await this.#valid();
    return { userId, conferenceId };
  }

  /** Forgets a token that the server refused. @param {string} rejected */
  reject(rejected) {
    if (this.#token?.accessToken === rejected) this.#until = 0;
  }

  /** Ends the renewals. */
  close() {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
  }

  async #valid() {
    if (this.#token && this.#clock.now() < this.#until) return this.#token;
    return this.#renew();
  }

  #renew() {
    this.#running ??= this.#ask().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #ask() {
    const { ticket, browserKey } = this.#config;
    const old = this.#token;
    /** @type {import('./wire.js').Token} */
    let token;
    if (old?.refreshToken) {
      try {
        token = await this.#grant({ grant_type: 'refresh_token', refresh_token: old.refreshToken });
      } catch (err) {
        if (!(err instanceof APIError) || err.temporary) throw err;
        token = await this.#grant({ grant_type: 'password', username: ticket, password: browserKey });
      }
    } else {
      token = await this.#grant({ grant_type: 'password', username: ticket, password: browserKey });
    }
    // A refresh answer may leave out what does not change (RFC 6749, section 6).
    this.#token = {
      ...token,
      refreshToken: token.refreshToken || (old?.refreshToken ?? ''),
      userId: token.userId || (old?.userId ?? ''),
      conferenceId: token.conferenceId || (old?.conferenceId ?? ''),
    };
    const renewIn = Math.max(LEAST, token.expiresIn - AHEAD) * 1000;
    this.#until = this.#clock.now() + renewIn;
    this.#schedule(renewIn);
    if (old) this.dispatchEvent(new Event('renewed'));
    return this.#token;
  }

  /** @param {number} ms */
  #schedule(ms) {
    this.#clock.clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#renew().catch((err) => {
        // Out of reach: try again soon. Refused: whoever needs the token next
        // gets the refusal itself.
        if (err instanceof APIError && err.temporary) this.#schedule(LEAST * 1000);
      });
    }, ms);
  }

  /** @param {Record<string, string>} form */
  async #grant(form) {
    const { base, fetch } = this.#config;
    return readToken(
      await request(fetch, `${base}/security/oauth/token`, {
        method: 'POST',
        headers: { Accept: 'application/json', Authorization: `Basic ${btoa('customer:')}` },
        body: new URLSearchParams(form),
      }),
    );
  }
}
