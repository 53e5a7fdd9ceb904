// @ts-check
/**
 * The ticket of this page: its id from the address, the invitation behind it,
 * and this browser's own key for it, by which a single-use ticket knows the
 * browser again. The key never leaves this browser except to the token
 * endpoint.
 */
import { Call } from '../lib/call.js';
import { APIError, request } from '../lib/rest.js';
import { readInvitation } from '../lib/wire.js';

const PREFIX = 'guichet.ticket.';
/** Milliseconds after which what is kept about a ticket is forgotten: no ticket lives longer. */
const FORGET = 31 * 24 * 60 * 60 * 1000;

/** @typedef {{ key: string, at: number, redeemed: boolean, invitation: import('../lib/wire.js').Invitation | null }} Memory */

/** The ticket's id in a path such as /t/abc-def, "" when there is none. @param {string} path */
export function ticketID(path) {
  const part = /^\/t\/([^/]+)\/?$/.exec(path)?.[1] ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

/** Ticket is one ticket and what this browser remembers of it. */
export class Ticket {
  #storage;
  #slot;
  /** @type {Memory} */
  #memory;

  /** @param {string} id @param {Storage | null} storage null: remember nothing beyond this page */
  constructor(id, storage = openStorage()) {
    this.id = id;
    this.#storage = storage;
    this.#slot = PREFIX + id.toLowerCase().replaceAll('-', '');
    if (storage) forgetOld(storage);
    this.#memory = this.#read() ?? { key: newKey(), at: Date.now(), redeemed: false, invitation: null };
  }

  /** This browser's key for the ticket: 128 random bits, in hexadecimal. */
  get browserKey() {
    return this.#memory.key;
  }

  /** A name that all tabs of this browser share. */
  get lock() {
    return this.#slot;
  }

  /** A call of its holder. @param {string} name */
  call(name) {
    return new Call({ ticket: this.id, browserKey: this.browserKey, name });
  }

  /** Remembers that this browser became the ticket's holder. */
  redeemed() {
    this.#memory.redeemed = true;
    this.#write();
  }

  /** Makes sure that the key is kept before it is used. */
  keep() {
    this.#write();
  }

  /**
   * Who invites. A ticket used up by this very browser is as good as new.
   * @param {typeof globalThis.fetch} [fetch]
   */
  async invitation(fetch = globalThis.fetch.bind(globalThis)) {
    try {
      const answer = await request(fetch, `/t/${encodeURIComponent(this.id)}`, { headers: { Accept: 'application/json' } });
      this.#memory.invitation = readInvitation(answer);
      return this.#memory.invitation;
    } catch (err) {
      if (troubleOf(err) === 'used' && this.#memory.redeemed) {
        return this.#memory.invitation ?? { ticketId: this.id, organization: '', host: '', opensAt: null, now: null };
      }
      throw err;
    }
  }

  /** @returns {Memory | null} */
  #read() {
    try {
      const memory = JSON.parse(this.#storage?.getItem(this.#slot) ?? 'null');
      return memory && /^[0-9a-f]{32}$/.test(memory.key) ? memory : null;
    } catch {
      return null;
    }
  }

  #write() {
    try {
      this.#storage?.setItem(this.#slot, JSON.stringify(this.#memory));
    } catch {
      // A full storage costs no more than coming back after a reload.
    }
  }
}

/**
 * What an error about a ticket means to its holder.
 * @param {unknown} err
 * @returns {'unknown' | 'expired' | 'revoked' | 'used' | 'failed'}
 */
export function troubleOf(err) {
  if (!(err instanceof APIError)) return 'failed';
  if (err.code === 'not_found') return 'unknown';
  if (err.code !== 'gone') return 'failed';
  const what = err.reason || err.message;
  if (/revoke|withdr/i.test(what)) return 'revoked';
  if (/used|another browser/i.test(what)) return 'used';
  return 'expired';
}

/** The browser's storage, null where it is switched off. */
export function openStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/** @param {Storage} storage */
function forgetOld(storage) {
  const slots = Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? '').filter((k) => k.startsWith(PREFIX));
  for (const slot of slots) {
    try {
      if (Date.now() - JSON.parse(storage.getItem(slot) ?? '').at < FORGET) continue;
    } catch {
      // Not ours any more: remove it as well.
    }
    storage.removeItem(slot);
  }
}
