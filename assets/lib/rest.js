// @ts-check
/**
 * JSON over HTTPS with a bearer token: one function, one error type. A request
 * that the server refuses as unauthorized is tried once more with a new token.
 */
import { readError } from './wire.js';

/** The code of a request that got no answer: no network, or too late. */
export const OFFLINE = 'offline';

/** APIError is a refused or unanswered request; branch on code, show message. */
export class APIError extends Error {
  /**
   * @param {object} from
   * @param {number} [from.status] HTTP status, 0 without an answer
   * @param {string} from.code
   * @param {string} [from.message]
   * @param {string} [from.reason] what happened to a ticket or conference that is gone
   * @param {number | null} [from.notBefore] when what came too early may succeed, in milliseconds
   * @param {number | null} [from.now] by the server's clock
   * @param {unknown} [from.cause]
   */
  constructor({ status = 0, code, message = '', reason = '', notBefore = null, now = null, cause }) {
    super(message || code, { cause });
    this.name = 'APIError';
    this.status = status;
    this.code = code;
    this.reason = reason;
    this.notBefore = notBefore;
    this.now = now;
  }

  /** Whether the same request may succeed later. */
  get temporary() {
    return this.code === OFFLINE || this.status === 429 || this.status >= 500;
  }
}

/** @type {Record<number, string>} the code of a refusal whose body says none */
const codes = { 400: 'invalid_request', 401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 409: 'conflict', 410: 'gone' };

/**
 * Sends one request and reads its JSON answer; undefined when it has no body.
 * @param {typeof globalThis.fetch} fetch
 * @param {string} url
 * @param {RequestInit} init
 * @param {number} timeout milliseconds
 * @returns {Promise<unknown>}
 */
export async function request(fetch, url, init, timeout = 10_000) {
  let status = 0;
  let body = '';
  try {
    // Without credentials: on a 401 that also offers Basic, the browser would ask for a password and never answer.
    const answer = await fetch(url, { cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(timeout), ...init });
    status = answer.status;
    body = await answer.text();
  } catch (cause) {
    throw new APIError({ code: OFFLINE, message: 'The server does not answer.', cause });
  }
  return readAnswer(status, body);
}

/**
 * The value of an answer; throws the refusal that it is.
 * @param {number} status @param {string} body
 * @returns {unknown}
 */
export function readAnswer(status, body) {
  /** @type {unknown} */
  let value;
  try {
    value = body === '' ? undefined : JSON.parse(body);
  } catch (cause) {
    if (status < 300) throw new APIError({ status, code: 'internal', message: 'The answer is no JSON.', cause });
  }
  if (status >= 200 && status < 300) return value;
  const error = readError(value);
  throw new APIError({ ...error, status, code: error.code || codes[status] || 'internal' });
}

/**
 * @typedef {object} Tokens
 * @property {() => Promise<string>} token a valid access token
 * @property {(rejected: string) => void} reject forgets a token that the server refused
 */

/** Rest sends the API's requests in the name of a token's holder. */
export class Rest {
  #base;
  #tokens;
  #fetch;

  /**
   * @param {object} config
   * @param {string} config.base the server's address, "" for the page's own
   * @param {Tokens} config.tokens
   * @param {typeof globalThis.fetch} [config.fetch]
   */
  constructor({ base, tokens, fetch = globalThis.fetch.bind(globalThis) }) {
    this.#base = base;
    this.#tokens = tokens;
    this.#fetch = fetch;
  }

  /** @param {string} path */
  get(path) {
    return this.#send('GET', path);
  }

  /** @param {string} path @param {object} body @param {number} [timeout] milliseconds */
  post(path, body, timeout) {
    return this.#send('POST', path, body, timeout);
  }

  /**
   * Sends a request that outlives the page (Fetch, section 4.6), with the token
   * at hand; nobody waits for its answer.
   * @param {string} token @param {string} path @param {object} body
   */
  beacon(token, path, body) {
    this.#fetch(this.#base + path, { ...init('POST', token, body), credentials: 'omit', keepalive: true }).catch(() => undefined);
  }

  /** @param {string} method @param {string} path @param {object} [body] @param {number} [timeout] */
  #send(method, path, body, timeout) {
    return this.authorized((token, base) => request(this.#fetch, base + path, init(method, token, body), timeout));
  }

  /**
   * Runs a request with a valid token, once more with a new one when the server
   * refuses it.
   * @template T
   * @param {(token: string, base: string) => Promise<T>} run
   * @returns {Promise<T>}
   */
  async authorized(run) {
    for (let attempt = 1; ; attempt++) {
      const token = await this.#tokens.token();
      try {
        return await run(token, this.#base);
      } catch (err) {
        if (attempt > 1 || !(err instanceof APIError) || err.status !== 401) throw err;
        this.#tokens.reject(token);
      }
    }
  }
}

/** @param {string} method @param {string} token @param {object} [body] @returns {RequestInit} */
function init(method, token, body) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', Authorization: `Bearer ${token}` };
  if (body === undefined) return { method, headers };
  headers['Content-Type'] = 'application/json';
  return { method, headers, body: JSON.stringify(body) };
}
