// @ts-check
/**
 * The way in for an agent whose other system gave a link, /a?roomId=…: signs in
 * with a name and password of the server, or an identity provider, and joins
 * that conference in the browser.
 */
import { Session, SignInError } from '../admin/session.js';
import { Call } from '../lib/call.js';

/** Where the conference stands while the browser is at the sign-in page. */
const SLOT = 'guichet.room';

/** Door leads an agent into one conference. */
export class Door {
  name = '';
  title = 'Join the call';
  #session = new Session({ client: 'guichet', path: '/a' });
  #room = new URLSearchParams(location.search).get('roomId') ?? recall();

  /** A name that all tabs of this browser share. */
  get lock() {
    return `guichet.room.${this.#room}`;
  }

  /** Signs in when nobody is; then the page is left and comes back. @returns {Promise<import('../lib/wire.js').Invitation>} */
  async invitation() {
    if (!this.#room) throw new SignInError('This link names no call. Open it again where you got it.');
    try {
      sessionStorage.setItem(SLOT, this.#room);
    } catch {
      // Signing in says that it needs the storage.
    }
    if (!(await this.#session.begin())) {
      await this.#session.signIn();
      return new Promise(() => undefined);
    }
    history.replaceState(null, '', `/a?${new URLSearchParams({ roomId: this.#room })}`);
    await this.#session.introduce();
    this.name = this.#session.person.name;
    return { ticketId: '', organization: '', host: '', opensAt: null, now: null };
  }

  /** @param {string} name */
  call(name) {
    return new Call({ tokens: new Tokens(this.#session, this.#room), roles: ['AGENT'], name: name || this.name });
  }

  /** An agent's link is good as often as they like. */
  keep() {}

  redeemed() {}
}

/** Tokens are those of the session, for one conference. */
class Tokens extends EventTarget {
  current = '';
  #session;
  #conference;

  /** @param {Session} session @param {string} conference */
  constructor(session, conference) {
    super();
    this.#session = session;
    this.#conference = conference;
  }

  async token() {
    const token = await this.#session.token();
    const renewed = this.current !== '' && this.current !== token;
    this.current = token;
    if (renewed) this.dispatchEvent(new Event('renewed'));
    return token;
  }

  async holder() {
    await this.token();
    return { userId: this.#session.person.id, conferenceId: this.#conference };
  }

  /** @param {string} rejected */
  reject(rejected) {
    this.#session.reject(rejected);
  }

  /** The session outlives the call. */
  close() {}
}

function recall() {
  try {
    return sessionStorage.getItem(SLOT) ?? '';
  } catch {
    return '';
  }
}
