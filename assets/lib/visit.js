// @ts-check
/**
 * One stay in a conference under one endpoint: registered, subscribed, joined,
 * published, viewing. It repairs what can be repaired under the same endpoint
 * and says when it is over; a new stay needs a new Visit.
 */
import { Follower } from './conference.js';
import { Subscriber } from './mqtt.js';
import { peopleOf } from './people.js';
import { Publication } from './publication.js';
import { APIError, OFFLINE } from './rest.js';
import { Views } from './views.js';
import { EventType, ON_HOLD, endpointTopic, readEvent } from './wire.js';

/** Seconds of silence after which the server may drop the endpoint. */
const KEEP_ALIVE = 15;
/** Seconds between two beats. */
const BEAT = KEEP_ALIVE - 5;
/** Seconds before a failed beat is tried again. */
const BEAT_AGAIN = 3;
/** Milliseconds that the first subscription may take. */
const SUBSCRIBE = 20_000;
/** Milliseconds that ICE servers stay fresh. */
const ICE_FRESH = 60_000;

/**
 * Why a stay is over: the conference ended, the endpoint is not known any
 * more, or the server refuses.
 * @typedef {{ why: 'ended', by: string } | { why: 'endpoint', reason?: string } | { why: 'refused', error: unknown }} Over
 */

/**
 * Visit reports "people" (detail: the Event that brought it, if one did) when what one sees changed, "trouble" when that
 * property did, and "event" (detail: the Event) for everything that is said
 * about the conference without being part of its state.
 */
export class Visit extends EventTarget {
  #config;
  #api;
  #ending = new AbortController();
  #endpoint = '';
  /** @type {Subscriber | null} */
  #subscriber = null;
  /** @type {Follower | null} */
  #follower = null;
  /** @type {Publication | null} */
  #publication = null;
  /** @type {Views | null} */
  #views = null;
  /** @type {Map<string, string>} names of users, also of those who left */
  #names = new Map();
  /** @type {{ at: number, servers: Promise<RTCIceServer[]> } | null} */
  #ice = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #beat;
  #subscribed = false;
  /** @type {Set<object>} connections that get no answer at the moment */
  #shaky = new Set();
  #wasTrouble = true;
  /** @type {(over: Over) => void} */
  #finish = () => undefined;

  /** Resolves when this stay is over, never rejects. @type {Promise<Over>} */
  over = new Promise((resolve) => {
    this.#finish = resolve;
  });

  /**
   * @param {object} config
   * @param {import('./api.js').API} config.api
   * @param {import('./call.js').Holder} config.tokens
   * @param {string} config.socket address of the MQTT WebSocket
   * @param {string} config.conferenceId or the name of the room whose token it is
   * @param {string} config.userId
   * @param {Record<string, unknown>} config.metadata how to be introduced
   * @param {import('./publication.js').Local} config.local
   */
  constructor(config) {
    super();
    this.#config = config;
    this.#api = config.api;
  }

  /** Whether something is being repaired. */
  get trouble() {
    return !this.#subscribed || this.#shaky.size > 0;
  }

  /** This endpoint's place in the conference, null before it has joined and after it left. */
  get seat() {
    return this.#publication && this.#endpoint ? this.#seat : null;
  }

  /** The connections that carry media now, for their statistics. */
  get connections() {
    return this.#peers().filter((p) => p.connected).map((p) => p.pc);
  }

  /** Registers, subscribes and joins; throws what stands in the way. */
  async enter() {
    const { userId, metadata, local } = this.#config;
    const { signal } = this.#ending;
    this.#endpoint = await this.#api.registerEndpoint({ keepAliveSeconds: KEEP_ALIVE, serverKeepAliveReminderOn: true });
    signal.throwIfAborted();
    this.#beat = setTimeout(() => this.#keepAlive(), BEAT * 1000);
    await this.#subscribe();
    signal.throwIfAborted();
    // What was told before, the state that is fetched has in it.
    const { id } = await this.#api.join({ ...this.#seat, userId, metadata });
    signal.throwIfAborted();
    this.#config.conferenceId = id;
    const follower = new Follower({ id, fetchState: () => this.#api.conference(id) });
    follower.addEventListener('change', (e) => this.#changed(/** @type {CustomEvent} */ (e).detail));
    follower.addEventListener('lost', (e) => this.#refused(/** @type {CustomEvent} */ (e).detail, true));
    this.#follower = follower;
    const around = {
      api: this.#api,
      seat: this.#seat,
      iceServers: () => this.#iceServers(),
      watch: (/** @type {import('./peer.js').Peer} */ peer) => this.#watch(peer),
      direct: () => this.#direct,
      refused: (/** @type {unknown} */ err) => this.#refused(err),
    };
    this.#views = new Views(around, () => this.dispatchEvent(new Event('people')));
    this.#publication = new Publication(around, local);
    await follower.refresh();
    this.#publication.poke();
  }

  /** Sends what the local media is now. */
  localChanged() {
    this.#publication?.poke();
  }

  /** Looks at once whether everything still works: the network changed, or the machine woke. */
  check() {
    if (!this.#publication) return;
    this.#subscriber?.probe();
    this.#repair();
  }

  /** Everybody in the conference with what they send. */
  people() {
    const state = this.#follower?.state;
    return state ? peopleOf(state, this.#endpoint, (stream) => this.#views?.viewer(stream) ?? null) : [];
  }

  /** What the conference's metadata says. */
  get metadata() {
    return this.#follower?.state?.metadata ?? {};
  }

  /** Whether the conference is on hold: nobody hears or sees anybody. */
  get onHold() {
    return this.metadata[ON_HOLD] === 'true';
  }

  /** How loud a stream is now, 0 to 1. @param {string} stream */
  level(stream) {
    return this.#views?.viewer(stream)?.level ?? 0;
  }

  /** Ends the stay without a word to the server. */
  close() {
    this.#ending.abort();
    clearTimeout(this.#beat);
    this.#subscriber?.close();
    this.#follower?.close();
    this.#publication?.close();
    this.#views?.close();
    this.#finish({ why: 'endpoint' });
  }

  /** Leaves the conference. @param {string} reason */
  async leave(reason) {
    this.close();
    const { conferenceId } = this.#config;
    const userEndpointId = this.#endpoint;
    this.#endpoint = '';
    if (!userEndpointId) return;
    await this.#api.leave({ conferenceId, userEndpointId, reason }).catch(() => undefined);
    await this.#api.unregisterEndpoint({ userEndpointId, reason }).catch(() => undefined);
  }

  /** Leaves while the page goes away. */
  leaveOnClose() {
    if (this.#endpoint) this.#api.leaveOnClose(this.#config.tokens.current, { ...this.#seat, reason: 'page closed' });
    this.#endpoint = '';
    this.close();
  }

  get #seat() {
    return { conferenceId: this.#config.conferenceId, userEndpointId: this.#endpoint };
  }

  #peers() {
    return [...(this.#publication?.peers ?? []), ...(this.#views?.viewers() ?? [])];
  }

  /** Whether media flows between the participants, past the server. */
  get #direct() {
    return this.#follower?.state?.mode === 'P2P';
  }

  /** @returns {Promise<void>} resolves once subscribed */
  #subscribe() {
    const { socket, tokens } = this.#config;
    const subscriber = new Subscriber({
      url: socket,
      clientId: this.#endpoint,
      topic: endpointTopic(this.#endpoint),
      tokens,
      onMessage: (payload) => this.#receive(payload),
    });
    this.#subscriber = subscriber;
    tokens.addEventListener('renewed', () => subscriber.renew(), { signal: this.#ending.signal });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new APIError({ code: OFFLINE, message: 'No connection for news.' })), SUBSCRIBE);
      subscriber.addEventListener('up', () => {
        clearTimeout(timer);
        this.#subscribed = true;
        this.#tellTrouble();
        resolve();
        if (!this.#publication) return;
        void this.#follower?.refresh();
        this.#repair();
      });
      subscriber.addEventListener('down', () => {
        this.#subscribed = false;
        this.#tellTrouble();
      });
      subscriber.addEventListener('refused', (e) => {
        clearTimeout(timer);
        const error = /** @type {CustomEvent} */ (e).detail;
        reject(error);
        this.#finish({ why: 'refused', error });
      });
      void subscriber.run().then(() => {
        clearTimeout(timer);
        resolve(); // closed; whoever waits looks at the signal
      });
    });
  }

  /** @param {string} payload */
  #receive(payload) {
    /** @type {import('./wire.js').Event} */
    let event;
    try {
      event = readEvent(JSON.parse(payload));
    } catch {
      return; // what cannot be read leaves a gap, and gaps are found
    }
    if (event.type === EventType.keepAliveReminder) this.#keepAlive();
    else if (event.view) {
      this.#publication?.relayed(event);
      this.#views?.relayed(event);
    } else {
      this.#follower?.receive(event);
      if (event.conferenceVersion === null && event.conferenceId === this.#config.conferenceId) this.dispatchEvent(new CustomEvent('event', { detail: event }));
    }
  }

  /** @param {import('./wire.js').Event | null} event */
  #changed(event) {
    if (event?.type === EventType.ended) {
      const by = event.userId === this.#config.userId ? '' : (this.#names.get(event.userId) ?? '');
      return this.#finish({ why: 'ended', by });
    }
    if (event?.type === EventType.left && event.userEndpointId === this.#endpoint) return this.#finish({ why: 'endpoint', reason: event.reason });
    if (event?.type === EventType.streamUnpublished) this.#publication?.unpublished(event.streamId);
    const people = this.people();
    for (const { userId, name } of people) this.#names.set(userId, name);
    const others = people.filter((p) => !p.self);
    this.#views?.show(new Map(others.flatMap((p) => p.streams.map((s) => [s.id, s.type]))));
    const silent = this.#direct && this.onHold; // nobody stands between who would keep silence for us
    this.#publication?.silence(silent);
    this.#views?.silence(silent);
    this.dispatchEvent(new CustomEvent('people', { detail: event }));
  }

  #repair() {
    this.#keepAlive();
    for (const peer of this.#peers()) peer.hurry();
  }

  #keepAlive() {
    const { signal } = this.#ending;
    const again = (/** @type {number} */ seconds) => {
      clearTimeout(this.#beat);
      if (!signal.aborted) this.#beat = setTimeout(() => this.#keepAlive(), seconds * 1000);
    };
    again(BEAT);
    this.#api.keepAlive({ userEndpointId: this.#endpoint }).catch((err) => {
      if (err instanceof APIError && !err.temporary) this.#refused(err, true);
      else again(BEAT_AGAIN);
    });
  }

  /**
   * Weighs a refusal: some end the stay, others only make us look whether the
   * endpoint is still known.
   * @param {unknown} err @param {boolean} [vital] whether nothing works without it
   */
  #refused(err, vital = false) {
    if (!(err instanceof APIError) || err.temporary || this.#ending.signal.aborted) return;
    if (err.code === 'gone') this.#finish({ why: 'ended', by: '' });
    else if (!vital) this.#keepAlive();
    else if (err.status === 400 || err.status === 401) this.#finish({ why: 'refused', error: err });
    else this.#finish({ why: 'endpoint' });
  }

  async #iceServers() {
    const servers = await this.#freshServers();
    // The TURN servers reach the media server alone.
    return this.#direct ? servers.filter(({ urls }) => !String(urls).startsWith('turn')) : servers;
  }

  #freshServers() {
    if (!this.#ice || performance.now() - this.#ice.at > ICE_FRESH) {
      const ice = { at: performance.now(), servers: this.#api.iceServers() };
      ice.servers.catch(() => {
        if (this.#ice === ice) this.#ice = null;
      });
      this.#ice = ice;
    }
    return this.#ice.servers;
  }

  /** @param {import('./peer.js').Peer} peer */
  #watch(peer) {
    const settle = (/** @type {boolean} */ shaky) => {
      if (shaky) this.#shaky.add(peer);
      else this.#shaky.delete(peer);
      this.#tellTrouble();
      if (!this.#ending.signal.aborted) this.dispatchEvent(new Event('people'));
    };
    peer.addEventListener('connected', () => settle(false));
    peer.addEventListener('shaky', () => settle(true));
    peer.addEventListener('closed', () => settle(false));
  }

  #tellTrouble() {
    if (this.trouble === this.#wasTrouble || this.#ending.signal.aborted) return;
    this.#wasTrouble = this.trouble;
    this.dispatchEvent(new Event('trouble'));
  }
}
