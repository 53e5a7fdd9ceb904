// @ts-check
/**
 * The way in by a room token, /r/{room}#token. The token leaves the address bar
 * as soon as it is read and stays with this tab, so that a reload comes back; it
 * opens the room by itself, so it is kept no longer than the tab, unlike a
 * ticket's key.
 */
import { Call } from '../lib/call.js';
import { APIError } from '../lib/rest.js';
import { RoomTokens, claimsOf } from '../lib/room-token.js';
import { byID, make } from './dom.js';
import { clothe } from './seat-style.js';

const PREFIX = 'guichet.room-token.';

/** Door leads the holder of a room token into the room. */
export class Door {
  watches = false;
  name = '';
  title = '';
  #token;
  #claims;

  constructor() {
    const slot = PREFIX + location.pathname;
    const given = decode(location.hash.slice(1));
    this.#token = given || recall(slot);
    if (given) {
      keep(slot, given);
      history.replaceState(null, '', location.pathname);
    }
    // Another link to the same room is another holder.
    addEventListener('hashchange', () => location.reload());
    this.#claims = claimsOf(this.#token);
  }

  /** A name that all tabs of this browser share. */
  get lock() {
    return `guichet.room.${this.#claims?.id}`;
  }

  /** Whether the token may be used now, and what the first page says. @returns {Promise<import('../lib/wire.js').Invitation>} */
  async invitation() {
    const claims = this.#claims;
    if (!claims || location.pathname !== `/r/${claims.room}`) throw new APIError({ status: 404, code: 'not_found', reason: 'broken' });
    this.#dress(claims);
    // The server's clock counts, not the browser's.
    const [answer] = await Promise.all([fetch(location.pathname, { method: 'HEAD', cache: 'no-store' }).catch(() => null), clothe()]);
    // Without it, the server tells on joining.
    const now = Date.parse(answer?.headers.get('date') ?? '');
    if (now >= claims.joinUntil) throw new APIError({ status: 403, code: 'forbidden', reason: 'late' });
    return { ticketId: '', organization: '', host: '', opensAt: now < claims.joinFrom ? claims.joinFrom : null, now: now || null };
  }

  /** @param {string} name */
  call(name) {
    const claims = /** @type {import('../lib/room-token.js').Claims} */ (this.#claims);
    return new Call({ tokens: new RoomTokens(this.#token, claims), name: name || claims.name });
  }

  /** A room token is good as often as its holder likes. */
  keep() {}

  redeemed() {}

  /** @param {import('../lib/room-token.js').Claims} claims */
  #dress(claims) {
    this.watches = claims.role === 'audience';
    this.title = this.watches ? `You are invited to watch “${claims.displayName}”` : `You are invited to the room “${claims.displayName}”`;
    byID('organization', HTMLElement).textContent = claims.displayName;
    document.body.dataset.seat = claims.role;
    // The name is the token's; without one the server draws it.
    const name = byID('name', HTMLInputElement);
    name.value = this.name = claims.name;
    name.readOnly = true;
    for (const element of [name, document.querySelector('label[for="name"]')]) element?.toggleAttribute('hidden', !claims.name);
    document.querySelector('label[for="name"] .quiet')?.remove();
    if (!this.watches || byID('ask', HTMLElement).dataset.watches) return;
    const invite = byID('ask', HTMLElement).closest('section');
    for (const element of invite?.querySelectorAll('.reasons, #without, .quiet') ?? []) element.remove();
    byID('ask', HTMLElement).dataset.watches = 'true';
    byID('ask', HTMLElement).textContent = 'Watch now';
    invite?.querySelector('.actions')?.before(make('p', 'lead', 'You see and hear the others. Nobody sees or hears you; your camera and microphone stay off.'));
  }
}

/** @param {string} hash */
function decode(hash) {
  try {
    return decodeURIComponent(hash);
  } catch {
    return '';
  }
}

/** @param {string} slot */
function recall(slot) {
  try {
    return sessionStorage.getItem(slot) ?? '';
  } catch {
    return '';
  }
}

/** @param {string} slot @param {string} token */
function keep(slot, token) {
  try {
    sessionStorage.setItem(slot, token);
  } catch {
    // Without the storage a reload needs the link again.
  }
}
