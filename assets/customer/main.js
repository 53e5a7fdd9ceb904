// @ts-check
/** The customer's way through the page: invitation, permission, preview, call, end. */
import { APIError } from '../lib/rest.js';
import { Devices } from './devices.js';
import { byID } from './dom.js';
import { browserOf, help } from './help.js';
import { fillNotice, wordsOf } from './notices.js';
import { Preview } from './preview.js';
import { Room } from './room.js';
import { Screens } from './screens.js';
import { Ticket, ticketID, troubleOf } from './ticket.js';

/** @typedef {import('./screens.js').Notice} Notice */
/** @typedef {import('../lib/call.js').Call} Call */
/**
 * What leads into a call: a ticket, or somebody who signed in.
 * @typedef {object} Door
 * @property {string} lock a name that all tabs of this browser share
 * @property {string} [name] of who comes in
 * @property {string} [title] of the first page
 * @property {() => Promise<import('../lib/wire.js').Invitation>} invitation
 * @property {(name: string) => Call} call
 * @property {() => void} keep
 * @property {() => void} redeemed
 * @property {boolean} [watches] whether who comes in sends nothing; only a room token says so
 */

/** @typedef {{ looks: number, again: () => void }} Wait looks: how often the room was found shut; again: asks to be let in once more */

/** Milliseconds that a lock may take before another tab counts as its holder. */
const PATIENCE = 800;

/** Visitor holds what one visit of the page needs. */
class Visitor {
  #screens = new Screens();
  #ticket;
  #devices = new Devices();
  #preview = new Preview(this.#devices);
  #room = new Room(this.#devices, this.#screens);
  /** @type {import('../lib/wire.js').Invitation | null} */
  #invitation = null;
  /** @type {Call | null} */
  #call = null;
  /** Whether something was on when the visitor asked to be let in. */
  #offers = false;
  /** @type {Wait | null} while the visitor stands before a room */
  #wait = null;

  /** @param {Door} ticket */
  constructor(ticket) {
    this.#ticket = ticket;
    for (const id of ['ask', 'ask-again']) byID(id, HTMLElement).onclick = () => void this.#ask();
    for (const id of ['without', 'denied-without']) byID(id, HTMLElement).onclick = () => void this.#without();
    this.#preview.addEventListener('join', (e) => {
      const { camera, name } = /** @type {CustomEvent} */ (e).detail;
      void this.#join(camera, name);
    });
    this.#room.addEventListener('leave', () => void this.#leave());
    addEventListener('pagehide', () => this.#call?.leaveOnClose());
    // A page that the browser kept aside has left its call: begin anew.
    addEventListener('pageshow', (e) => e.persisted && location.reload());
  }

  /** Finds out who invites, and shows it. */
  async begin() {
    try {
      this.#invitation = await this.#ticket.invitation();
    } catch (err) {
      return this.#trouble(err);
    }
    const { organization, host, opensAt, now } = this.#invitation;
    byID('name', HTMLInputElement).value ||= this.#ticket.name ?? '';
    this.#screens.organization = organization;
    if (organization) byID('organization', HTMLElement).textContent = organization;
    byID('invite-title', HTMLElement).textContent = host ? `${host} invites you to a video call` : (this.#ticket.title ?? 'You are invited to a video call');
    byID('invite-from', HTMLElement).textContent = organization ? `The invitation comes from ${organization}.` : '';
    for (const element of document.querySelectorAll('.host')) if (host) element.textContent = host;
    if (opensAt) return (await import('./early.js')).early(opensAt, now ?? Date.now(), this.#screens, () => void this.begin());
    if (await this.#alone()) this.#screens.show('invite');
    else this.#notice('elsewhere', { again: () => void this.#takeOver() });
  }

  get #host() {
    return this.#invitation?.host ?? '';
  }

  /**
   * One tab at a time: holds the ticket's lock for as long as the page lives.
   * A reload waits a moment for the lock of the page that it replaces.
   * @param {LockOptions} [options] @returns {Promise<boolean>}
   */
  #alone(options = { signal: AbortSignal.timeout(PATIENCE) }) {
    return new Promise((resolve) => {
      let held = false;
      navigator.locks
        .request(this.#ticket.lock, options, () => {
          held = true;
          resolve(true);
          return new Promise(() => undefined);
        })
        .catch(async () => {
          if (held) return this.#ousted(); // taken over by another tab
          // A slow machine is no other tab.
          const locks = await navigator.locks.query();
          resolve(locks.held?.some(({ name }) => name === this.#ticket.lock) ? false : this.#alone({}));
        });
    });
  }

  async #takeOver() {
    await this.#alone({ steal: true });
    this.#screens.show('invite');
  }

  #ousted() {
    const call = this.#call;
    this.#stop();
    void call?.leave();
    this.#notice('elsewhere', { again: () => void this.#takeOver() });
  }

  async #ask() {
    if (this.#ticket.watches) return this.#join(false, this.#ticket.name ?? '');
    this.#screens.show('permission');
    if (await this.#devices.openAll()) return this.#showPreview();
    const browser = browserOf(navigator.userAgent, navigator.maxTouchPoints);
    const { alt, steps } = help[browser];
    const picture = byID('denied-picture', HTMLImageElement);
    picture.src = `/assets/customer/help-${browser}.svg`;
    picture.alt = alt;
    byID('denied-steps', HTMLElement).replaceChildren(
      ...steps.map((step) => Object.assign(document.createElement('li'), { textContent: step })),
    );
    this.#screens.show('denied');
  }

  async #without() {
    this.#devices.stop();
    this.#devices.problems = { audio: '', video: '' };
    await this.#showPreview();
  }

  async #showPreview() {
    await this.#preview.open();
    this.#screens.show('preview');
  }

  /**
   * @param {boolean} camera @param {string} name
   * @param {number} [looks] how often the room was found shut; whoever waited comes in with all devices off
   */
  async #join(camera, name, looks = 0) {
    this.#preview.close();
    const wants = { audio: this.#devices.tracks.audio !== null, video: this.#devices.tracks.video !== null };
    if (looks === 0) this.#offers = wants.audio || wants.video;
    if (!camera) this.#devices.close('video');
    if (looks === 0) this.#screens.show('joining');
    const call = this.#ticket.call(name);
    this.#call = call;
    this.#ticket.keep();
    try {
      await call.join({ ...this.#devices.tracks, wants });
    } catch (err) {
      if (this.#call !== call) return;
      this.#stop();
      const wait = {
        looks,
        again: () => {
          if (this.#wait !== wait) return; // another tab took over, or another look is under way
          this.#wait = null;
          void this.#join(false, name, looks + 1);
        },
      };
      this.#wait = wait;
      return this.#trouble(err, '', wait);
    }
    this.#ticket.redeemed();
    if (this.#call !== call) return;
    call.addEventListener('phase', () => {
      if (call.phase === 'ended' && this.#call === call) this.#ended(call);
    });
    if (call.phase === 'ended') this.#ended(call);
    else this.#room.open(call, { host: this.#host, name, offers: looks > 0 && this.#offers });
  }

  async #leave() {
    await this.#call?.leave();
  }

  /** @param {Call} call */
  #ended(call) {
    const { end } = call;
    this.#stop();
    const words = wordsOf('ended', this.#host);
    if (end?.why === 'left') {
      this.#show('ended', {
        ...words,
        title: 'You left the call',
        next: 'You can close this page, or join again while the call lasts.',
        again: 'Join again',
      }, { again: () => void this.#ask() });
    } else if (end?.why === 'failed') {
      void this.#trouble(end.error, end.reason);
    } else {
      const by = end?.why === 'ended' ? end.by : '';
      const title = this.#ticket.watches === undefined ? (by ? `${by} ended the call` : words.title) : by ? `${by} closed the room` : 'The room was closed';
      this.#show('ended', { ...words, title });
    }
  }

  /** Closes the call's screen and all devices. */
  #stop() {
    this.#call = this.#wait = null;
    this.#room.close();
    this.#preview.close();
    this.#devices.stop();
  }

  /**
   * Shows what an error means to the visitor.
   * @param {unknown} err @param {string} [reason] why they were taken out before @param {Wait} [wait] lets them wait before a room
   */
  async #trouble(err, reason, wait) {
    const retry = { again: () => void (this.#invitation ? this.#ask() : location.reload()) };
    if (err instanceof APIError && (err.status === 403 || this.#ticket.watches !== undefined)) {
      const words = (await import('./refusal.js')).refusal(err, reason, Boolean(wait?.looks));
      const { stand } = await import('./early.js');
      if (wait && this.#wait !== wait) return;
      if (words?.waits && wait) return stand(err, wait, this.#screens, (now) => this.#show(words.notice, words, { again: now }));
      if (words) return this.#show(words.notice, words, retry);
    }
    if (err instanceof APIError && err.code === 'invalid_grant') return this.#refusedTicket();
    if (err instanceof APIError && this.#invitation && (err.code === 'gone' || err.code === 'not_found')) return this.#notice('ended');
    const trouble = troubleOf(err);
    if (trouble !== 'failed') return this.#notice(trouble);
    const words = wordsOf('failed', this.#host);
    if (err instanceof Error && err.name === 'SignInError') {
      words.text = err.message;
      words.next = 'Press “Try again” to sign in.';
    }
    if (err instanceof APIError && err.code === 'conflict') {
      words.text = 'As many people as may take part are in it already.';
      words.next = `Wait a moment, then try again, or ask ${this.#host || 'the person who invited you'}.`;
    } else if (err instanceof APIError && err.status === 429) {
      words.text = 'Too many tries in a short time.';
      words.next = 'Wait a minute, then try again.';
    } else if (err instanceof APIError && err.status > 0) {
      words.text = 'The server refuses. That is not your fault.';
      words.next = 'Try again in a moment. If it happens again, tell the person who invited you.';
    }
    return this.#show('failed', words, retry);
  }

  /** The ticket became no token: its page says why, or it belongs to another browser. */
  async #refusedTicket() {
    try {
      await this.#ticket.invitation();
      this.#notice('used');
    } catch (err) {
      const trouble = troubleOf(err);
      this.#notice(trouble, { again: () => location.reload() });
    }
  }

  /** @param {Parameters<typeof wordsOf>[0]} notice @param {{ again?: () => void }} [actions] */
  #notice(notice, actions) {
    this.#show(notice, wordsOf(notice, this.#host), actions);
  }

  /** @param {Notice} notice @param {import('./notices.js').Words} words @param {{ again?: () => void }} [actions] */
  #show(notice, words, actions) {
    fillNotice(words, actions);
    this.#screens.show(notice);
    this.#screens.title(words.title);
  }
}

/** Whether this browser can do what a call needs; what a page without TLS lacks counts too. */
function able() {
  const needs = [globalThis.RTCPeerConnection, navigator.mediaDevices, navigator.locks, AbortSignal.timeout, globalThis.HTMLDialogElement];
  return isSecureContext && needs.every(Boolean);
}

if (able()) {
  const path = location.pathname;
  const other = path === '/a' ? import('./agent.js') : path.startsWith('/r/') && import('./room-door.js');
  const door = other ? new (await other).Door() : new Ticket(ticketID(path));
  void new Visitor(door).begin();
} else {
  fillNotice(wordsOf('old', ''), { again: () => void navigator.clipboard?.writeText(location.href) });
  new Screens().show('old');
}
