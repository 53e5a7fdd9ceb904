// @ts-check
/** The stage: a tile for every stream of the others, one of them whole, several in an even grid, or some large and the rest beside them. */
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
  /** @type {(tiles: Tile[]) => Tile[]} dresses and hides tiles, and returns those that are to be large: screens */
  dress = (tiles) => tiles.filter((t) => t.screen);
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
    const tiles = [...this.#tiles.values()];
    const large = this.dress(tiles);
    const shown = tiles.filter((t) => !t.element.hidden);
    const n = shown.length;
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
    for (const tile of tiles) {
      tile.element.toggleAttribute('data-front', large.includes(tile));
      tile.element.style.gridArea = '';
    }
    this.#element.style.gridTemplate = this.#element.dataset.layout = '';
    if (large.length > 0 && large.length < n) this.#place(large, shown.filter((t) => !large.includes(t)), width > height, width < 640);
    for (const tile of tiles) tile.resized();
  }

  /**
   * Large tiles in a line along the window's longer side, the rest at its end.
   * @param {Tile[]} large @param {Tile[]} rest @param {boolean} beside or below @param {boolean} narrow so that below, one's own picture takes the last place
   */
  #place(large, rest, beside, narrow) {
    const lines = Math.ceil(rest.length / (beside ? 5 : 4));
    const each = Math.ceil(rest.length / lines);
    const along = `repeat(${large.length}, minmax(0, 4fr)) repeat(${lines}, minmax(0, 1fr))`;
    const across = `repeat(${!beside && narrow ? each + 1 : each}, minmax(0, 1fr))`;
    this.#element.dataset.layout = beside ? 'beside' : 'below';
    this.#element.style.gridTemplate = beside ? `${across} / ${along}` : `${along} / ${across}`;
    const put = (/** @type {Tile} */ { element }, /** @type {number} */ line, /** @type {number | string} */ at) => {
      element.style.gridArea = beside ? `${at} / ${line}` : `${line} / ${at}`;
    };
    large.forEach((tile, i) => put(tile, i + 1, 1));
    rest.sort((a, b) => Number(a.element.style.order) - Number(b.element.style.order));
    rest.forEach((tile, i) => put(tile, large.length + 1 + Math.floor(i / each), (i % each) + 1));
  }
}
