// @ts-check
/**
 * What a conference looks like, followed event by event. The version rule: a
 * state at version V takes the event V and becomes V+1; an event below V is in
 * it already; one above V waits. A gap is closed by fetching the state again.
 * An event without a version applies at once.
 */
import { pause, wait } from './backoff.js';
import { APIError } from './rest.js';
import { EventType, trackMuted } from './wire.js';

/** How many events wait at most; more are let go, and the state is fetched for them. */
const MAX_HELD = 1024;

/** @typedef {import('./wire.js').Conference} State */
/** @typedef {import('./wire.js').Event} Event */

/**
 * The state after an event whose turn it is; pure. A stream takes its mute
 * marks with it, an endpoint its streams, a participant goes with the last
 * endpoint.
 * @param {State} state @param {Event} event @returns {State}
 */
export function apply(state, event) {
  const next = { ...state, version: event.conferenceVersion === null ? state.version : state.version + 1 };
  switch (event.type) {
    case EventType.joined:
      return withEndpoint(next, event, (endpoint) => ({ streams: [], ...endpoint, id: event.userEndpointId, metadata: event.metadata }));
    case EventType.left:
      return withoutEndpoint(next, event);
    case EventType.ended:
      return { ...next, participants: [], metadata: {} };
    case EventType.streamPublished: {
      const stream = { id: event.streamId, type: event.streamType, metadata: event.metadata };
      return withEndpoint(next, event, (endpoint) => ({
        id: event.userEndpointId,
        metadata: endpoint?.metadata ?? {},
        streams: [...(endpoint?.streams ?? []).filter((s) => s.id !== stream.id), stream],
      }));
    }
    case EventType.streamUnpublished:
      return withoutStream(withoutMarks(next, [event.streamId]), event.streamId);
    case EventType.streamMetadataUpdated:
      return withEndpoint(next, event, (endpoint) => ({
        id: event.userEndpointId,
        metadata: endpoint?.metadata ?? {},
        streams: (endpoint?.streams ?? []).map((s) => (s.id === event.streamId ? { ...s, metadata: event.newMetadata } : s)),
      }));
    case EventType.metadataUpdated: {
      const metadata = { ...next.metadata };
      if (event.operation === 'REMOVE') delete metadata[event.key];
      else metadata[event.key] = event.value;
      return { ...next, metadata };
    }
    default:
      return next;
  }
}

/**
 * @param {State} state @param {Event} event
 * @param {(endpoint: import('./wire.js').Endpoint | undefined) => import('./wire.js').Endpoint} change
 * @returns {State}
 */
function withEndpoint(state, event, change) {
  const known = state.participants.find((p) => p.id === event.userId) ?? { id: event.userId, endpoints: [] };
  const before = known.endpoints.find((e) => e.id === event.userEndpointId);
  const after = change(before);
  const endpoints = before ? known.endpoints.map((e) => (e === before ? after : e)) : [...known.endpoints, after];
  const participant = { ...known, endpoints };
  const participants = state.participants.includes(known)
    ? state.participants.map((p) => (p === known ? participant : p))
    : [...state.participants, participant];
  return { ...state, participants };
}

/** @param {State} state @param {string} stream @returns {State} */
function withoutStream(state, stream) {
  return {
    ...state,
    participants: state.participants.map((p) => ({
      ...p,
      endpoints: p.endpoints.map((e) => ({ ...e, streams: e.streams.filter((s) => s.id !== stream) })),
    })),
  };
}

/** @param {State} state @param {Event} event @returns {State} */
function withoutEndpoint(state, event) {
  const gone = state.participants.find((p) => p.id === event.userId)?.endpoints.find((e) => e.id === event.userEndpointId);
  const participants = state.participants
    .map((p) => (p.id === event.userId ? { ...p, endpoints: p.endpoints.filter((e) => e.id !== event.userEndpointId) } : p))
    .filter((p) => p.endpoints.length > 0);
  return withoutMarks({ ...state, participants }, (gone?.streams ?? []).map((s) => s.id));
}

/** @param {State} state @param {string[]} streams @returns {State} */
function withoutMarks(state, streams) {
  const metadata = { ...state.metadata };
  for (const stream of streams) {
    delete metadata[trackMuted('audio', stream)];
    delete metadata[trackMuted('video', stream)];
  }
  return { ...state, metadata };
}

/**
 * Follower keeps the state of one conference. It reports "change" (detail: the
 * event that brought it, or null after a fetch) and "lost" (detail: the
 * APIError) when the state cannot be had for good. Give it every event of the
 * endpoint's topic; those before the first fetch wait for it.
 */
export class Follower extends EventTarget {
  #fetch;
  #id;
  /** @type {State | null} */
  #state = null;
  /** @type {Map<number, Event>} events above the state's version */
  #held = new Map();
  #closing = new AbortController();
  /** @type {Promise<void> | null} */
  #fetching = null;

  /**
   * @param {object} config
   * @param {string} config.id the conference
   * @param {() => Promise<State>} config.fetchState
   */
  constructor({ id, fetchState }) {
    super();
    this.#id = id;
    this.#fetch = fetchState;
  }

  /** The state, null before the first fetch. */
  get state() {
    return this.#state;
  }

  /** Takes an event from the topic. @param {Event} event */
  receive(event) {
    if (event.conferenceId !== this.#id || this.#closing.signal.aborted) return;
    const version = event.conferenceVersion;
    if (version === null) {
      if (this.#state) this.#apply(event);
      return;
    }
    if (this.#state && version < this.#state.version) return;
    if (this.#held.size >= MAX_HELD) this.#held.clear();
    this.#held.set(version, event);
    this.#drain();
    if (this.#state && this.#held.size > 0) this.refresh();
  }

  /** Fetches the state; resolves when it is there. Calls at the same time share one fetch. */
  refresh() {
    this.#fetching ??= this.#load().finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }

  /** Stops following. */
  close() {
    this.#closing.abort();
    this.#held.clear();
  }

  async #load() {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await pause(wait(attempt), signal);
        const state = await this.#fetch();
        if (signal.aborted) return;
        // A slow answer may be older than what the events made of the state.
        if (!this.#state || state.version > this.#state.version) this.#state = state;
        for (const version of this.#held.keys()) if (version < this.#state.version) this.#held.delete(version);
        this.dispatchEvent(new CustomEvent('change', { detail: null }));
        this.#drain();
        if (this.#held.size === 0) return;
      } catch (err) {
        if (signal.aborted) return;
        if (err instanceof APIError && err.temporary) continue;
        this.dispatchEvent(new CustomEvent('lost', { detail: err }));
        return;
      }
    }
  }

  #drain() {
    while (this.#state) {
      const event = this.#held.get(this.#state.version);
      if (!event) return;
      this.#held.delete(this.#state.version);
      this.#apply(event);
    }
  }

  /** @param {Event} event */
  #apply(event) {
    this.#state = apply(/** @type {State} */ (this.#state), event);
    this.dispatchEvent(new CustomEvent('change', { detail: event }));
  }
}
