// @ts-check
/** The calls of the settings API by name: bodies out as published, answers read and checked. No state. */
import { APIError, request } from '../lib/rest.js';
import {
  readApplication, readApplicationSecret, readEntry, readKey, readList, readPolicy, readProvider, readTrial, readUser, readUserPassword,
} from './wire.js';

/** @typedef {{ token: () => Promise<string>, reject: (rejected: string) => void }} Tokens */
/** @typedef {Record<string, string>} Query */

/** How long a trial may take, in milliseconds: the server asks other servers. */
const TRIAL = 60_000;

/**
 * @template T, [S=T] what a creation answers
 * @typedef {object} Collection
 * @property {() => Promise<T[]>} list
 * @property {(id: string) => Promise<T>} get
 * @property {(body: object) => Promise<S>} create
 * @property {(id: string, body: object) => Promise<T>} update
 * @property {(id: string) => Promise<void>} remove
 */

/** API speaks to the server that the page came from, in the name of one administrator. */
export class API {
  #tokens;
  #fetch;

  /** @param {Tokens} tokens @param {typeof globalThis.fetch} [fetch] */
  constructor(tokens, fetch = globalThis.fetch.bind(globalThis)) {
    this.#tokens = tokens;
    this.#fetch = fetch;
    this.applications = this.#collection('applications', readApplication, readApplicationSecret);
    this.users = this.#collection('users', readUser, readUserPassword);
    this.providers = this.#collection('providers', readProvider, (value) => ({ item: readProvider(value), secret: '' }));
  }

  async policy() {
    return readPolicy(await this.#send('GET', 'policy'));
  }

  /** A new secret for an application; the old one ends. @param {string} id */
  async renewSecret(id) {
    return readApplicationSecret(await this.#send('POST', `applications/${encodeURIComponent(id)}/secret`, {}));
  }

  /** A new password for a user; the old one ends. @param {string} id */
  async renewPassword(id) {
    return readUserPassword(await this.#send('POST', `users/${encodeURIComponent(id)}/password`, {}));
  }

  /** Ends all sessions of a user. @param {string} id */
  async signOut(id) {
    await this.#send('POST', `users/${encodeURIComponent(id)}/sign-out`, {});
  }

  /** @param {string} id */
  async tryProvider(id) {
    return readTrial(await this.#send('POST', `providers/${encodeURIComponent(id)}/try`, {}, TRIAL));
  }

  async keys() {
    return readList(await this.#send('GET', 'keys'), readKey).items;
  }

  /** @param {boolean} compromised */
  async rotate(compromised) {
    return readList(await this.#send('POST', 'keys/rotate', { compromised }), readKey).items;
  }

  /** @param {Query} query */
  async audit(query) {
    return readList(await this.#send('GET', `audit?${new URLSearchParams(query)}`), readEntry);
  }

  /**
   * @template T, S
   * @param {string} name @param {(value: unknown) => T} read @param {(value: unknown) => S} readCreated
   * @returns {Collection<T, S>}
   */
  #collection(name, read, readCreated) {
    const at = (/** @type {string} */ id) => `${name}/${encodeURIComponent(id)}`;
    return {
      list: async () => readList(await this.#send('GET', name), read).items,
      get: async (id) => read(await this.#send('GET', at(id))),
      create: async (body) => readCreated(await this.#send('POST', name, body)),
      update: async (id, body) => read(await this.#send('PUT', at(id), body)),
      remove: async (id) => void (await this.#send('DELETE', at(id))),
    };
  }

  /** @param {string} method @param {string} path @param {object} [body] @param {number} [timeout] */
  async #send(method, path, body, timeout) {
    for (let attempt = 1; ; attempt++) {
      const token = await this.#tokens.token();
      try {
        return await request(this.#fetch, `/api/admin/${path}`, init(method, token, body), timeout);
      } catch (err) {
        if (attempt > 1 || !(err instanceof APIError) || err.status !== 401) throw err;
        this.#tokens.reject(token);
      }
    }
  }
}

/**
 * Without cookies, so that a refusal which offers HTTP Basic makes the browser
 * open no window for a password (Fetch, section 4.6).
 * @param {string} method @param {string} token @param {object} [body] @returns {RequestInit}
 */
function init(method, token, body) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', Authorization: `Bearer ${token}` };
  if (body === undefined) return { method, headers, credentials: 'omit' };
  headers['Content-Type'] = 'application/json';
  return { method, headers, credentials: 'omit', body: JSON.stringify(body) };
}

/** What an error means, as a sentence for people. @param {unknown} err */
export function sentenceOf(err) {
  if (!(err instanceof APIError)) return 'The server answered something that this page does not understand. Load the page anew.';
  if (err.status === 0) return 'The server does not answer. Check your connection, then try again.';
  if (err.status === 429) return 'Too many requests in a short time. Wait a minute, then try again.';
  if (err.status >= 500 || err.message === err.code) return 'The server cannot do this now. Try again in a moment; its log tells more.';
  return ended(err.message);
}

/** A sentence with its capital and its full stop, which the API's messages leave out. @param {string} message */
function ended(message) {
  const first = [...message][0] ?? '';
  const whole = first.toLocaleUpperCase() + message.slice(first.length);
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}
