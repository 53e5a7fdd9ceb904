// @ts-check
/**
 * Keeps what this side sends equal to its local media: publishes, swaps
 * tracks, publishes again on a new stream when a connection failed, and tells
 * the others what is muted.
 */
import { Keeper } from './keeper.js';
import { Publisher, newID } from './media.js';
import { trackMuted } from './wire.js';

/**
 * What this side sends. Its owner changes it, then pokes.
 * @typedef {object} Local
 * @property {MediaStreamTrack | null} audio
 * @property {MediaStreamTrack | null} video
 * @property {boolean} muted
 * @property {{ audio: boolean, video: boolean }} wants what the stream has room for, even while there is no track
 */
/**
 * @typedef {object} Surroundings
 * @property {import('./api.js').API} api
 * @property {import('./api.js').Seat} seat
 * @property {() => Promise<RTCIceServer[]>} iceServers
 * @property {(peer: import('./peer.js').Peer) => void} watch hears of each new connection
 * @property {() => boolean} direct whether the media flows between the participants
 * @property {(err: unknown) => void} refused hears of each failure; it is tried again all the same
 */

/** Publication owns the publisher of one stay. */
export class Publication {
  #around;
  #local;
  /** @type {Publisher | import('./direct.js').DirectPublisher | null} */
  #publisher = null;
  #silent = false;
  /** @type {Map<string, boolean>} mute marks as the server was told */
  #told = new Map();
  #publish;
  #mark;
  #ending = new AbortController();

  /** @param {Surroundings} around @param {Local} local */
  constructor(around, local) {
    this.#around = around;
    this.#local = local;
    this.#publish = new Keeper(() => this.#adjust(), this.#ending.signal, around.refused);
    this.#mark = new Keeper(() => this.#tell(), this.#ending.signal, around.refused);
  }

  /** The connections of now. */
  get peers() {
    return this.#publisher?.peers ?? [];
  }

  /** Takes what a viewer of our stream sends to us alone, in mode P2P. @param {import('./wire.js').Event} event */
  relayed(event) {
    if (this.#publisher?.streamId === event.streamId && 'relayed' in this.#publisher) this.#publisher.relayed(event);
  }

  /** Sends nothing, or goes on. @param {boolean} silent */
  silence(silent) {
    if (this.#silent === silent) return;
    this.#silent = silent;
    this.poke();
  }

  /** Brings what is sent up to date. */
  poke() {
    this.#publish.poke();
  }

  /** Hears that the server took a stream back; ours is published again. @param {string} stream */
  unpublished(stream) {
    if (this.#publisher?.streamId === stream) this.#publisher.fail();
  }

  /** Stops sending, without a word to the server. */
  close() {
    this.#ending.abort();
    this.#publisher?.close();
  }

  async #adjust() {
    const { audio, video, wants: room } = this.#local;
    const wants = { audio: room.audio || audio !== null, video: room.video || video !== null };
    if (!wants.audio && !wants.video) return this.#publisher ? this.#drop(this.#publisher) : undefined;
    const sent = (/** @type {MediaStreamTrack | null} */ track) => (this.#silent ? null : track);
    const old = this.#publisher;
    if (old && (!wants.audio || old.carries('audio')) && (!wants.video || old.carries('video'))) {
      await Promise.all([old.replace('audio', sent(audio)), old.replace('video', sent(video))]);
      this.#mark.poke();
      return;
    }
    try {
      await this.#begin(wants);
    } finally {
      if (old) this.#drop(old);
    }
    this.poke(); // the local media may have changed meanwhile
  }

  /** @param {{ audio: boolean, video: boolean }} wants */
  async #begin(wants) {
    const { api, seat, iceServers, watch, direct } = this.#around;
    const servers = await iceServers();
    const P = direct() ? (await import('./direct.js')).DirectPublisher : Publisher;
    if (this.#ending.signal.aborted) return;
    const { audio, video } = this.#silent ? { audio: null, video: null } : this.#local;
    const publisher = new P({ api, seat, iceServers: servers, streamId: newID(), audio, video, wants, watch });
    publisher.addEventListener('failed', () => {
      if (this.#ending.signal.aborted) return;
      this.#drop(publisher);
      this.poke();
    });
    if (publisher instanceof Publisher) watch(publisher);
    this.#publisher = publisher;
    try {
      await publisher.connect();
    } catch (err) {
      this.#drop(publisher);
      throw err;
    }
  }

  /** @param {Publisher | import('./direct.js').DirectPublisher} publisher */
  #drop(publisher) {
    if (this.#publisher === publisher) this.#publisher = null;
    publisher.unpublish().catch(() => undefined); // the server may not know it any more
  }

  async #tell() {
    const publisher = this.#publisher;
    if (!publisher) return;
    const { audio, video, muted } = this.#local;
    const marks = /** @type {const} */ ([['audio', muted || !audio], ['video', !video]]);
    for (const [kind, off] of marks) {
      const key = trackMuted(kind, publisher.streamId);
      if (!publisher.carries(kind) || (this.#told.get(key) ?? false) === off) continue;
      const change = off ? /** @type {const} */ ({ operation: 'SET', value: 'true' }) : /** @type {const} */ ({ operation: 'REMOVE' });
      await this.#around.api.updateMetadata({ ...this.#around.seat, key, ...change });
      this.#told.set(key, off);
    }
  }
}
