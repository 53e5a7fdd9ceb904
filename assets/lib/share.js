// @ts-check
/** Another stream of this side beside its camera and microphone: a screen, or one more camera. */
import { pause, wait } from './backoff.js';
import { Publisher, newID } from './media.js';
import { APIError } from './rest.js';
import { EventType } from './wire.js';

/**
 * Share sends a stream until it is stopped, its source ends or the server
 * refuses, also over a new connection and a new stay; then it reports "end"
 * (detail: the APIError, or null).
 */
export class Share extends EventTarget {
  #call;
  #media;
  #screen;
  #ending = new AbortController();
  /** @type {Publisher | null} */
  #publisher = null;

  /** @param {import('./call.js').Call} call @param {MediaStream} media which it stops at its end @param {boolean} [screen] whether it is one */
  constructor(call, media, screen = false) {
    super();
    this.#call = call;
    this.#media = media;
    this.#screen = screen;
    for (const track of media.getTracks()) track.addEventListener('ended', () => this.stop());
    call.addEventListener('phase', () => call.phase === 'ended' && this.stop(), { signal: this.#ending.signal });
    void this.#run();
  }

  /** Sends no longer. @param {unknown} [err] */
  stop(err = null) {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    for (const track of this.#media.getTracks()) track.stop();
    this.#publisher?.unpublish().catch(() => undefined); // the server may have ended it
    this.dispatchEvent(new CustomEvent('end', { detail: err }));
  }

  async #run() {
    const { signal } = this.#ending;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await pause(wait(attempt), signal);
        await this.#once(() => { attempt = 0; });
      } catch (err) {
        if (signal.aborted) return;
        if (err instanceof APIError && err.status === 403) return this.stop(err);
      }
    }
  }

  /** Publishes, and resolves when that is over. @param {() => void} begun */
  async #once(begun) {
    const { api, seat } = this.#call;
    if (!seat) return;
    const [audio = null] = this.#media.getAudioTracks();
    const [video = null] = this.#media.getVideoTracks();
    const P = this.#screen ? Screen : Publisher;
    const config = { api, seat, iceServers: await api.iceServers(), streamId: newID(), audio, video };
    const publisher = new P({ ...config, wants: { audio: audio !== null, video: video !== null } });
    this.#publisher = publisher;
    const over = new Promise((resolve) => {
      publisher.addEventListener('closed', resolve);
      publisher.addEventListener('failed', resolve);
      this.#ending.signal.addEventListener('abort', resolve);
      this.#call.addEventListener('people', (e) => {
        const event = /** @type {CustomEvent} */ (e).detail;
        const ended = event?.type === EventType.streamUnpublished && event.streamId === publisher.streamId;
        // A new stay has another endpoint, and the old one took its streams along.
        if (ended || this.#call.seat?.userEndpointId !== seat.userEndpointId) resolve(undefined);
      }, { signal: this.#ending.signal });
    });
    try {
      await publisher.connect();
      begun();
      await over;
    } finally {
      if (!this.#ending.signal.aborted) publisher.unpublish().catch(() => undefined);
    }
  }
}

class Screen extends Publisher {
  get type() {
    return /** @type {const} */ ('SCREEN');
  }
}
