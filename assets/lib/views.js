// @ts-check
/**
 * Keeps one viewer for every stream of the others, and none for streams that
 * are gone; a viewer that failed is replaced.
 */
import { Keeper } from './keeper.js';
import { Viewer } from './media.js';

/** @typedef {import('./wire.js').StreamType} StreamType */
/** @typedef {{ type: StreamType, viewer: Viewer | null, keeper: Keeper, stop: AbortController }} View */

/** Views owns the viewers of one stay. */
export class Views {
  #around;
  #track;
  /** @type {Map<string, View>} by stream */
  #views = new Map();
  #silent = false;

  /**
   * @param {import('./publication.js').Surroundings} around
   * @param {() => void} track hears that a stream's track arrived
   */
  constructor(around, track) {
    this.#around = around;
    this.#track = track;
  }

  /** The viewer of a stream, null while there is none. @param {string} stream */
  viewer(stream) {
    return this.#views.get(stream)?.viewer ?? null;
  }

  /** All viewers of now. */
  viewers() {
    return [...this.#views.values()].flatMap(({ viewer }) => (viewer ? [viewer] : []));
  }

  /** Takes what the publisher of a stream sends to us alone, in mode P2P. @param {import('./wire.js').Event} event */
  relayed({ streamId, view }) {
    const viewer = this.viewer(streamId);
    if (viewer && view && viewer.viewerId === view.viewerId) viewer.hear(view.iceCandidates);
  }

  /** Plays nothing, or goes on. @param {boolean} silent */
  silence(silent) {
    if (this.#silent === silent) return;
    this.#silent = silent;
    for (const viewer of this.viewers()) viewer.silence(silent);
  }

  /** Views these streams and no others. @param {Map<string, StreamType>} wanted */
  show(wanted) {
    for (const [stream, view] of this.#views) {
      if (wanted.has(stream)) continue;
      this.#views.delete(stream);
      end(view);
    }
    for (const [stream, type] of wanted) {
      if (this.#views.has(stream)) continue;
      const stop = new AbortController();
      /** @type {View} */
      const view = { type, viewer: null, stop, keeper: new Keeper(() => this.#begin(stream, view), stop.signal, this.#around.refused) };
      this.#views.set(stream, view);
      view.keeper.poke();
    }
  }

  /** Stops viewing, without a word to the server. */
  close() {
    this.show(new Map());
  }

  /** @param {string} streamId @param {View} view */
  async #begin(streamId, view) {
    if (view.viewer) return;
    const { api, seat, iceServers, watch, direct } = this.#around;
    const servers = await iceServers();
    if (view.stop.signal.aborted) return;
    const viewer = new Viewer({ api, seat, iceServers: servers, streamId, type: view.type });
    viewer.silence(this.#silent);
    viewer.addEventListener('track', () => this.#track());
    viewer.addEventListener('failed', () => {
      if (view.stop.signal.aborted) return;
      view.viewer = null;
      viewer.stop().catch(() => undefined); // the server may not know it any more
      view.keeper.poke();
    });
    // A publisher that gives a connection up closes it, long before ICE notices.
    if (direct()) viewer.addEventListener('connected', () => viewer.failWhenClosed(), { once: true });
    watch(viewer);
    view.viewer = viewer;
    try {
      await viewer.connect();
    } catch (err) {
      viewer.close();
      view.viewer = null;
      throw err;
    }
  }
}

/** @param {View} view */
function end(view) {
  view.stop.abort();
  view.viewer?.close();
}
