// @ts-check
/** The stage: a tile for every stream of the others, one of them whole, several in an even grid. */
import { byID } from './dom.js';
import { Tile } from './tile.js';

/** @typedef {import('../lib/people.js').Person} Person */

/** The shape of a tile that looks best, width by height. */
const SHAPE = 4 / 3;

/** Stage reports "blocked" when the browser holds back sound until a tap. */
export class Stage extends EventTarget {
  #element = byID('stage', HTMLElement);
  /** @type {Map<string, Tile>} by stream, or by endpoint of a person who sends none */
  #tiles = new Map();
  #speaker = '';
  /** @type {(tiles: Map<string, Tile>) => number} dresses the tiles and counts those that show */
  dress = (tiles) => tiles.size;
  #resized = new ResizeObserver(() => this.arrange());

  constructor() {
    super();
    this.#resized.observe(this.#element);
  }

  /** Shows these people. @param {Person[]} others */
  show(others) {
    const wanted = others.flatMap((person) => {
      const streams = person.streams.length > 0 ? person.streams : [null];
      return streams.map((stream) => ({ key: stream?.id ?? person.id, person, stream }));
    });
    const keys = new Set(wanted.map((w) => w.key));
    for (const [key, tile] of this.#tiles) {
      if (keys.has(key)) continue;
      tile.remove();
      this.#tiles.delete(key);
    }
    for (const { key, person, stream } of wanted) {
      let tile = this.#tiles.get(key);
      if (!tile) {
        tile = new Tile(person, stream, (video) => void this.#play(video));
        this.#tiles.set(key, tile);
        if (tile.video) this.#route(tile.video);
      }
      tile.update(person, stream);
      if (!tile.element.isConnected) this.#element.append(tile.element);
    }
    this.arrange();
  }

  /** Frames whoever speaks. @param {(stream: string) => number} level @param {number} now milliseconds */
  listen(level, now) {
    for (const [stream, tile] of this.#tiles) tile.hear(level(stream), now);
  }

  /** Tells how good everybody's network is. @param {(endpoint: string) => import('../lib/quality.js').Grade | null} grade */
  grade(grade) {
    for (const tile of this.#tiles.values()) tile.grade(grade(tile.person));
  }

  /** Starts what the browser held back; call it from a tap. */
  hear() {
    for (const tile of this.#tiles.values()) tile.play();
  }

  /** Plays through another speaker. @param {string} deviceId */
  speaker(deviceId) {
    this.#speaker = deviceId;
    for (const { video } of this.#tiles.values()) if (video) this.#route(video);
  }

  /** Takes everybody off. */
  clear() {
    this.show([]);
  }

  /** @param {HTMLVideoElement} video */
  async #play(video) {
    try {
      await video.play();
    } catch (err) {
      if (err instanceof DOMException && err.name === 'NotAllowedError') this.dispatchEvent(new Event('blocked'));
    }
  }

  /** @param {HTMLVideoElement} video */
  #route(video) {
    if (!this.#speaker || !('setSinkId' in video)) return;
    // A speaker that is gone leaves the sound on the system's.
    void video.setSinkId(this.#speaker === 'default' ? '' : this.#speaker).catch(() => undefined);
  }

  /** Gives every tile its place. */
  arrange() {
    const n = this.dress(this.#tiles);
    const { width, height } = this.#element.getBoundingClientRect();
    let columns = 1;
    let best = 0;
    for (let c = 1; c <= n && width > 0; c++) {
      const w = width / c;
      const h = height / Math.ceil(n / c);
      const area = Math.min(w, h * SHAPE) * Math.min(h, w / SHAPE);
      if (area > best) [best, columns] = [area, c];
    }
    this.#element.classList.toggle('many', n > 1);
    this.#element.style.setProperty('--columns', String(columns));
    for (const tile of this.#tiles.values()) tile.resized();
  }
}
