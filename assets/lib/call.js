// @ts-check
/**
 * A call from a ticket's link, in one object: becomes a token, joins, sends
 * what it is given, views everybody else, and comes back by itself after the
 * network, the server or the machine was away. It touches no page; whoever
 * uses it opens the devices and shows the people.
 *
 *   const call = new Call({ ticket, browserKey, name: 'Anna' });
 *   call.addEventListener('people', () => show(call.people));
 *   call.addEventListener('phase', () => …call.phase, call.end…);
 *   await call.join({ audio, video, wants: { audio: true, video: true } });
 */
import { API } from './api.js';
import { pause, wait } from './backoff.js';
import { Quality } from './quality.js';
import { APIError, Rest } from './rest.js';
import { TokenSource } from './token.js';
import { Visit } from './visit.js';

/** @typedef {import('./people.js').Person} Person */
/** @typedef {import('./publication.js').Local} Local */
/** @typedef {'new' | 'joining' | 'in' | 'reconnecting' | 'ended'} Phase */
/**
 * How a call came to its end: left by this side, ended for all by somebody,
 * taken back by the server, or never begun. reason: why this side was taken out before.
 * @typedef {{ why: 'left' } | { why: 'ended', by: string } | { why: 'failed', error: unknown, reason?: string }} End
 */

/**
 * Valid tokens of one person; "renewed" tells of each new one.
 * @typedef {EventTarget & import('./rest.js').Tokens & {
 *   current: string, holder: () => Promise<{ userId: string, conferenceId: string }>, close: () => void,
 * }} Holder
 */

/** Milliseconds of trouble that nobody needs to hear of. */
const GRACE = 1_500;
/** Milliseconds after which a stay counts as a good one. */
const SETTLED = 10_000;
/** How often joining is tried before it counts as failed. */
const TRIES = 4;
/** So many events are told again to who comes later. */
const EARLY = 64;

/**
 * Call reports "phase", "people" (detail: the Event that brought it, if one did)
 * and "quality"; read the properties of the same names. "event" (detail: the Event) tells of everything else that is said about
 * the conference, for Chat, Files, Snapshots and Network, which are built on it.
 */
export class Call extends EventTarget {
  /** @type {Phase} */
  phase = 'new';
  /** @type {End | null} */
  end = null;
  /** @type {Person[]} everybody in the conference, this side too */
  people = [];
  /** Who this side is, "" before it is known. */
  userId = '';
  /** Nobody hears or sees anybody. It is told of by "people". */
  onHold = false;
  /** @type {import('./quality.js').Grade | null} null while unknown */
  quality = null;

  /** @type {Holder} */
  #tokens;
  #roles;
  #rest;
  #api;
  #base;
  #name;
  /** @type {Local} */
  #local = { audio: null, video: null, muted: false, wants: { audio: false, video: false } };
  /** @type {Visit | null} */
  #visit = null;
  /** @type {((people: Person[]) => void) | null} completes what is known of everybody, for Members */
  complete = null;
  #reason = '';
  #ending = new AbortController();
  #quality = new Quality();
  /** @type {import('./wire.js').Event[]} the first events of the call */
  #early = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #grace;

  /**
   * @param {object} config
   * @param {string} [config.ticket] what opens the conference to a guest
   * @param {string} [config.browserKey] this browser's own secret for the ticket
   * @param {Holder} [config.tokens] in place of a ticket: the tokens of somebody who signed in
   * @param {string[]} [config.roles] what this side is to the others
   * @param {string} [config.name] what the others see
   * @param {string} [config.base] the server's address; the page's own when left out
   */
  constructor({ ticket = '', browserKey = '', tokens, roles = ['CUSTOMER'], name = '', base = location.origin }) {
    super();
    this.#roles = roles;
    this.#base = base;
    this.#name = name;
    this.#tokens = tokens ?? new TokenSource({ base, ticket, browserKey });
    this.#rest = new Rest({ base, tokens: this.#tokens });
    this.#api = new API(this.#rest);
  }

  /**
   * Joins, and stays until leave or the end. Resolves once in; throws the
   * APIError that stands in the way (phase "ended").
   * @param {Omit<Local, 'muted'> & { muted?: boolean }} local
   */
  async join(local) {
    this.#local = { muted: false, ...local };
    this.#enter('joining');
    const { signal } = this.#ending;
    globalThis.addEventListener('online', () => this.#visit?.check(), { signal });
    document.addEventListener('visibilitychange', () => !document.hidden && this.#visit?.check(), { signal });
    this.#quality.addEventListener('grade', () => {
      this.quality = this.#quality.grade;
      this.dispatchEvent(new Event('quality'));
    }, { signal });
    this.#quality.run(() => this.#visit?.connections ?? [], signal);
    try {
      await this.#stay();
    } catch (error) {
      this.#close({ why: 'failed', error });
      throw error;
    }
  }

  /** Whether the microphone is muted. */
  get muted() {
    return this.#local.muted;
  }

  /** This side's place in the conference, null while it has none. */
  get seat() {
    return this.#visit?.seat ?? null;
  }

  /** What the conference's metadata says. */
  get metadata() {
    return this.#visit?.metadata ?? {};
  }

  /** The server's API in the name of this side; its calls by name, and any other. */
  get api() {
    return this.#api;
  }
  get rest() {
    return this.#rest;
  }

  /** Mutes or unmutes the microphone; the others are told. @param {boolean} muted */
  setMuted(muted) {
    this.#local.muted = muted;
    this.#changed();
  }

  /** Sends another microphone; the old one is stopped. @param {MediaStreamTrack | null} track */
  setMicrophone(track) {
    this.#take('audio', track);
  }

  /** Sends another camera, or none; the old one is stopped, so that its light goes out. @param {MediaStreamTrack | null} track */
  setCamera(track) {
    this.#take('video', track);
  }

  /** Sends nothing any more, until there is a microphone or camera again. */
  stopSending() {
    this.#local.wants = { audio: false, video: false };
    this.#take('audio', null);
    this.#take('video', null);
  }

  /** How loud a stream is now, 0 to 1. @param {string} stream */
  level(stream) {
    return this.#visit?.level(stream) ?? 0;
  }

  /** Tells the first events of the call once more, for who began to listen after it; who hears one twice knows it by its id. */
  replay() {
    for (const detail of this.#early) this.dispatchEvent(new CustomEvent('event', { detail }));
  }

  /** Leaves; resolves when the server knows, or cannot be told. */
  async leave() {
    const visit = this.#visit;
    this.#close({ why: 'left' });
    await visit?.leave('left');
  }

  /** Leaves while the page goes away. */
  leaveOnClose() {
    this.#visit?.leaveOnClose();
    this.#close({ why: 'left' });
  }

  /** Resolves after the first entrance; the stays after it run on. */
  #stay() {
    return new Promise((resolve, reject) => {
      this.#loop(() => resolve(undefined)).catch(reject);
    });
  }

  /** One stay after another, until the end. @param {() => void} entered */
  async #loop(entered) {
    const { signal } = this.#ending;
    let first = true;
    let since = 0;
    for (let attempt = 0; !signal.aborted; ) {
      try {
        await pause(wait(attempt), signal);
        await this.#visitOnce(() => {
          entered();
          first = false;
          since = performance.now();
        });
      } catch (err) {
        if (signal.aborted) return;
        const again = err instanceof APIError && err.temporary && (!first || attempt < TRIES);
        if (!again) {
          if (first) throw err;
          return this.#close(gone(err) ? { why: 'ended', by: '' } : { why: 'failed', error: err, reason: this.#reason });
        }
      }
      attempt = since > 0 && performance.now() - since > SETTLED ? 1 : attempt + 1;
      since = 0;
      if (!first && !signal.aborted) this.#enter('reconnecting');
    }
  }

  /** @param {() => void} entered */
  async #visitOnce(entered) {
    const { userId, conferenceId } = await this.#tokens.holder();
    this.userId = userId;
    const metadata = { name: this.#name, roles: this.#roles, language: navigator.language, type: 'stream' };
    const socket = `${this.#base.replace(/^http/, 'ws')}/ws`;
    const visit = new Visit({
      api: this.#api, tokens: this.#tokens, socket, conferenceId, userId, metadata, local: this.#local,
    });
    this.#visit = visit;
    visit.addEventListener('event', (e) => {
      const { detail } = /** @type {CustomEvent} */ (e);
      if (this.#early.length < EARLY) this.#early.push(detail);
      this.dispatchEvent(new CustomEvent('event', { detail }));
    });
    try {
      await visit.enter();
      entered();
      visit.addEventListener('people', (e) => this.#show(visit, /** @type {CustomEvent} */ (e).detail));
      visit.addEventListener('trouble', () => this.#trouble(visit));
      this.#show(visit);
      this.#trouble(visit);
      const over = await visit.over;
      if (over.why === 'ended') return this.#close({ why: 'ended', by: over.by });
      if (over.why === 'refused') throw over.error;
      this.#reason = over.reason ?? '';
    } finally {
      // The old endpoint must not stand in the room beside the new one.
      void visit.leave('left');
    }
  }

  /** @param {Visit} visit @param {import('./wire.js').Event | null} [event] */
  #show(visit, event) {
    if (this.#visit !== visit || this.phase === 'ended') return;
    this.people = visit.people();
    this.complete?.(this.people);
    this.onHold = visit.onHold;
    this.dispatchEvent(new CustomEvent('people', { detail: event }));
  }

  /** @param {Visit} visit */
  #trouble(visit) {
    clearTimeout(this.#grace);
    if (!visit.trouble) return this.#enter('in');
    this.#grace = setTimeout(() => {
      if (this.#visit === visit && visit.trouble) this.#enter('reconnecting');
    }, GRACE);
  }

  /** @param {'audio' | 'video'} kind @param {MediaStreamTrack | null} track */
  #take(kind, track) {
    const old = this.#local[kind];
    this.#local[kind] = track;
    if (track) this.#local.wants[kind] = true;
    this.#changed();
    if (old && old !== track) old.stop();
  }

  #changed() {
    if (this.#local.audio) this.#local.audio.enabled = !this.#local.muted;
    this.#visit?.localChanged();
    this.dispatchEvent(new Event('people'));
  }

  /** @param {Phase} phase */
  #enter(phase) {
    if (this.phase === phase || this.phase === 'ended') return;
    this.phase = phase;
    this.dispatchEvent(new Event('phase'));
  }

  /** @param {End} end */
  #close(end) {
    if (this.phase === 'ended') return;
    this.end = end;
    this.#ending.abort();
    this.#visit?.close();
    this.#tokens.close();
    clearTimeout(this.#grace);
    this.#enter('ended');
  }
}

/** @param {unknown} err */
const gone = (err) => err instanceof APIError && (err.code === 'gone' || err.code === 'not_found');
