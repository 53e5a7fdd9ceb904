// @ts-check
/** Says that one's own connection is weak once it has been so for a while, and what helps. */
import { announce } from './dom.js';

/** Milliseconds of a poor network before anybody is told. */
const LONG = 12_000;
/** Milliseconds before it is said again. */
const AGAIN = 120_000;

/** Weak listens to the grade of one's own network. */
export class Weak {
  #room;
  #note;
  #said = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {import('./room.js').Room} room @param {import('./note.js').Note} note @param {AbortSignal} signal */
  constructor(room, note, signal) {
    this.#room = room;
    this.#note = note;
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** @param {import('../lib/quality.js').Grade | null} grade */
  now(grade) {
    if (grade !== 'poor') {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setTimeout(() => this.#say(), LONG);
    }
  }

  #say() {
    this.#timer = undefined;
    if (performance.now() - this.#said < AGAIN) return;
    this.#said = performance.now();
    const on = this.#room.camera !== null;
    const sentence = on ? 'Your connection is weak. Without your camera, the sound gets better.' : 'Your connection is weak. Go nearer to your router, or use another network.';
    announce(sentence);
    this.#note.show(sentence, on ? { label: 'Turn camera off', act: () => void (this.#room.camera && this.#room.toggleCamera()) } : undefined);
  }
}
