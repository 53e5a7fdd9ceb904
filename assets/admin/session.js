// @ts-check
/**
 * Who is signed in: the authorization code flow with PKCE (RFC 7636) as the
 * application guichet-admin, or another one that a page names, and the tokens
 * that come of it. The access token
 * lives in memory; the refresh token also in the tab's storage, so that a
 * reload stays signed in. It is good for one use, so one refresh runs at a
 * time, and a tab that was duplicated gives up its copy.
 */
import { APIError, request } from '../lib/rest.js';
import { readToken } from '../lib/wire.js';
import { challengeOf, claimsOf, randomWord } from './pkce.js';
import { Memory } from './memory.js';

const SCOPE = 'openid profile any';
/** How long before its end a token is renewed, in seconds. */
const AHEAD = 40;
/** When a renewal that got no answer is tried again, in milliseconds. */
const AGAIN = 5_000;
/** How long a reload waits for the page before it, in milliseconds. */
const HANDOVER = 2_000;

/** SignInError tells why a sign-in was not taken, as a sentence for people. */
export class SignInError extends Error {
  name = 'SignInError';
}

/** SignedOut is the failure of everything after the session's end. */
export class SignedOut extends Error {
  constructor() {
    super('nobody is signed in');
  }
}

/** @typedef {{ id: string, name: string }} Person */

/** Session keeps one valid token; "ended" tells that the server takes none any more. */
export class Session extends EventTarget {
  /** @type {Person} */
  person = { id: '', name: '' };
  #client;
  #path;
  #memory;
  #token = '';
  #refresh = '';
  #lock = '';
  #until = 0;
  /** @type {Promise<string> | null} */
  #running = null;
  #timer = 0;

  /** @param {{ client: string, path: string }} [application] its id, and the path of the page that signs in */
  constructor({ client, path } = { client: 'guichet-admin', path: '/admin' }) {
    super();
    this.#client = client;
    this.#path = path;
    this.#memory = new Memory(client);
  }

  get #redirect() {
    return `${location.origin}${this.#path}`;
  }

  /**
   * Takes up an answer in the page's address or the session before a reload;
   * resolves to whether somebody is signed in.
   */
  async begin() {
    const answer = new URLSearchParams(location.search);
    if (answer.has('state') || answer.has('code') || answer.has('error')) return this.#answered(answer);
    const kept = this.#memory.session();
    if (!kept || (kept.lock !== this.#lock && !(await held(this.#client, kept.lock)))) {
      this.#memory.forget();
      return false;
    }
    this.#refresh = kept.refresh;
    this.#lock = kept.lock;
    this.person = kept.person;
    try {
      await this.token();
    } catch (err) {
      if (err instanceof SignedOut) return false;
      throw err;
    }
    return true;
  }

  /** Leaves for the server's sign-in page, and comes back to where the page is now. @param {boolean} [other] as somebody else */
  async signIn(other = false) {
    const attempt = { state: randomWord(), nonce: randomWord(), verifier: randomWord(), hash: location.hash };
    if (!this.#memory.begin(attempt)) throw new SignInError('Your browser does not let this page store anything, which signing in needs. Allow it for this site, then try again.');
    const query = new URLSearchParams({
      response_type: 'code', client_id: this.#client, redirect_uri: this.#redirect, scope: SCOPE, state: attempt.state, nonce: attempt.nonce,
      code_challenge: await challengeOf(attempt.verifier), code_challenge_method: 'S256', ...(other ? { prompt: 'login' } : {}),
    });
    location.assign(`/security/oauth/authorize?${query}`);
  }

  /** A valid access token, renewed when needed. */
  async token() {
    if (this.#token && performance.now() < this.#until) return this.#token;
    return this.#renew();
  }

  /** Forgets a token that the server refused. @param {string} rejected */
  reject(rejected) {
    if (this.#token === rejected) this.#until = 0;
  }

  /** Ends the session here and at the server; resolves to whether the server knows. */
  async signOut() {
    // One that runs would bring a token that nobody revokes.
    await this.#running?.catch(() => undefined);
    const token = this.#refresh;
    this.forget();
    if (!token) return true;
    try {
      await post('/security/oauth/revoke', { token, token_type_hint: 'refresh_token', client_id: this.#client });
      return true;
    } catch {
      return false;
    }
  }

  /** Ends the session here only. */
  forget() {
    clearTimeout(this.#timer);
    this.#token = this.#refresh = '';
    this.#until = 0;
    this.#memory.forget();
  }

  /** @param {URLSearchParams} answer */
  async #answered(answer) {
    const attempt = this.#memory.end();
    history.replaceState(null, '', `${this.#path}${attempt?.hash ?? ''}`);
    // A state that is not of this tab, or an issuer that is not this server
    // (RFC 9207), means that somebody else's answer was slipped in.
    if (!attempt || answer.get('state') !== attempt.state) throw new SignInError('This sign-in was not started in this tab, so it was not taken. Sign in again.');
    if (answer.get('iss') !== location.origin) throw new SignInError('This sign-in came from another server than this one, so it was not taken. Sign in again.');
    if (answer.get('error') === 'access_denied') throw new SignInError('The sign-in was cancelled.');
    const code = answer.get('code');
    if (answer.has('error') || !code) throw new SignInError(`The server refused the sign-in: ${answer.get('error_description') || answer.get('error') || 'it sent no code'}.`);
    this.#lock = randomWord();
    void held(this.#client, this.#lock);
    try {
      await this.#grant({ grant_type: 'authorization_code', code, redirect_uri: this.#redirect, code_verifier: attempt.verifier }, attempt.nonce);
    } catch (err) {
      if (!(err instanceof APIError) || err.temporary) throw err;
      throw new SignInError('The sign-in took too long or was used already. Sign in again.');
    }
    return true;
  }

  #renew() {
    if (!this.#refresh) return Promise.reject(new SignedOut());
    this.#running ??= this.#refreshed().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #refreshed() {
    try {
      await this.#grant({ grant_type: 'refresh_token', refresh_token: this.#refresh });
    } catch (err) {
      if (!(err instanceof APIError) || err.temporary) throw err;
      this.forget();
      this.dispatchEvent(new Event('ended'));
      throw new SignedOut();
    }
    return this.#token;
  }

  /** @param {Record<string, string>} form @param {string} [nonce] that an ID token must have */
  async #grant(form, nonce) {
    const answer = await post('/security/oauth/token', { ...form, client_id: this.#client });
    const token = readToken(answer);
    const idToken = /** @type {Record<string, unknown>} */ (answer).id_token;
    const claims = typeof idToken === 'string' ? claimsOf(idToken) : {};
    if (nonce !== undefined && typeof idToken === 'string' && claims.nonce !== nonce) throw new SignInError('This sign-in was made for another tab, so it was not taken. Sign in again.');
    this.#token = token.accessToken;
    this.#refresh = token.refreshToken || this.#refresh;
    this.person = personOf(claims, token.userId, this.person);
    if (this.#refresh) this.#memory.keep({ refresh: this.#refresh, lock: this.#lock, person: this.person });
    const ms = Math.max(token.expiresIn - AHEAD, token.expiresIn / 2) * 1000;
    this.#until = performance.now() + ms;
    this.#schedule(ms);
  }

  /** Renews ahead of the token's end, again and again while the server is out of reach. @param {number} ms */
  #schedule(ms) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#renew().catch((err) => {
        if (err instanceof APIError) this.#schedule(AGAIN);
      });
    }, ms);
  }

  /** Learns the person's name where no ID token told it. */
  async introduce() {
    if (this.person.name) return;
    try {
      const headers = { Accept: 'application/json', Authorization: `Bearer ${await this.token()}` };
      const claims = await request(fetch.bind(globalThis), '/security/oauth/userinfo', { credentials: 'omit', headers });
      this.person = personOf(/** @type {Record<string, unknown>} */ (claims ?? {}), this.person.id, this.person);
      if (this.#refresh) this.#memory.keep({ refresh: this.#refresh, lock: this.#lock, person: this.person });
    } catch {
      // The id serves as a name.
    }
  }
}

/** @param {Record<string, unknown>} claims @param {string} id @param {Person} before @returns {Person} */
function personOf(claims, id, before) {
  const text = (/** @type {string} */ name) => (typeof claims[name] === 'string' ? /** @type {string} */ (claims[name]) : '');
  return { id: id || text('sub') || before.id, name: text('name') || text('preferred_username') || before.name };
}

/** @param {string} path @param {Record<string, string>} form */
function post(path, form) {
  return request(fetch.bind(globalThis), path, { method: 'POST', credentials: 'omit', headers: { Accept: 'application/json' }, body: new URLSearchParams(form) });
}

/**
 * Takes a lock for as long as the page lives; resolves to whether it could. A
 * duplicated tab cannot: the page that it was made from has the lock.
 * @param {string} client @param {string} name
 * @returns {Promise<boolean>}
 */
function held(client, name) {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(HANDOVER);
    navigator.locks
      .request(`${client}/${name}`, { signal }, () => {
        resolve(true);
        return new Promise(() => undefined);
      })
      .catch(() => resolve(false));
  });
}
