// @ts-check
/** Who stands on the stage, where and how loud: raised hands, hidden members, the room's layout, volumes. */
import { icon } from './dom.js';
import { Loudness } from './loudness.js';

/** Cast dresses the tiles of a stage by the seats of their people. */
export class Cast {
  #call;
  #stage;
  #members;
  #loudness = new Loudness();
  #element = /** @type {HTMLElement} */ (document.getElementById('stage'));

  /** @param {import('../lib/call.js').Call} call @param {import('./stage.js').Stage} stage @param {import('../lib/members.js').Members} members */
  constructor(call, stage, members) {
    this.#call = call;
    this.#stage = stage;
    this.#members = members;
    stage.dress = (tiles) => this.#dress([...tiles.values()]);
    stage.arrange();
  }

  /** Leaves the stage as it was. */
  close() {
    this.#loudness.close();
    this.#stage.dress = (tiles) => tiles.size;
    delete this.#element.dataset.layout;
  }

  /** @param {import('./tile.js').Tile[]} tiles @returns {number} how many show */
  #dress(tiles) {
    const { own, room } = this.#members;
    const shown = tiles.filter((tile) => !this.#hides(tile));
    // A room in which everybody hides shows them all the same.
    const hidden = new Set(shown.length > 0 ? tiles.filter((tile) => !shown.includes(tile)) : []);
    const front = room?.layout === 'highlight-1-responsive' && shown.length > 1 ? this.#front(shown) : null;
    if (front) this.#element.dataset.layout = 'highlight';
    else delete this.#element.dataset.layout;
    this.#element.style.setProperty('--strip', String(Math.max(1, Math.min(4, shown.length - 1))));
    for (const tile of tiles) {
      const member = this.#members.of(tile.person);
      const { element, video } = tile;
      element.hidden = hidden.has(tile);
      element.toggleAttribute('data-front', tile === front);
      const up = member?.handRaisedAt ?? null;
      element.style.order = tile === front ? '-2' : up && room?.prioritizeHandraise ? '-1' : '0';
      this.#mark(element, up !== null);
      if (own?.mediaAllowed === 'audio-only') element.dataset.video = 'off';
      if (video) this.#loudness.set(video, (member?.inputVolume ?? 0) + (own?.outputVolume ?? 0));
    }
    return tiles.length - hidden.size;
  }

  /** @param {import('./tile.js').Tile} tile */
  #hides({ person, element }) {
    const member = this.#members.of(person);
    const { room } = this.#members;
    if (!member) return false;
    if (member.role === 'audience' || (room?.positions[person] ?? member.position) === 'off-canvas') return true;
    return room?.hideVideoMuted === true && element.dataset.video === 'off';
  }

  /** Whose tile is large: who was placed there, a screen, or the first. @param {import('./tile.js').Tile[]} shown */
  #front(shown) {
    const placed = shown.find(({ person }) => /^reserved(-1)?$/.test(this.#members.room?.positions[person] ?? this.#members.of(person)?.position ?? ''));
    const screens = new Set(this.#call.people.flatMap((p) => p.streams.flatMap((s) => (s.type === 'SCREEN' ? [s.id] : []))));
    return placed ?? shown.find(({ video }) => screens.has(video?.dataset.stream ?? '')) ?? shown[0] ?? null;
  }

  /** @param {HTMLElement} tile @param {boolean} up */
  #mark(tile, up) {
    const mark = tile.querySelector('.hand');
    if (!up) return mark?.remove();
    if (mark) return;
    const hand = document.createElement('span');
    hand.className = 'hand';
    hand.append(icon('hand', 'Hand is raised'));
    tile.append(hand);
  }
}
