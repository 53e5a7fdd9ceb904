// @ts-check
/** Who stands on the stage, where and how loud: raised hands, hidden members, the room's layout, volumes. */
import { icon } from './dom.js';
import { Loudness } from './loudness.js';

/** Cast dresses the tiles of a stage by the seats of their people. */
export class Cast {
  #stage;
  #members;
  #loudness = new Loudness();
  #before;

  /** @param {import('./stage.js').Stage} stage @param {import('../lib/members.js').Members} members */
  constructor(stage, members) {
    this.#stage = stage;
    this.#members = members;
    this.#before = stage.dress;
    stage.dress = (tiles) => this.#dress(tiles);
    stage.arrange();
  }

  /** Leaves the stage as it was. */
  close() {
    this.#loudness.close();
    this.#stage.dress = this.#before;
  }

  /** @param {import('./tile.js').Tile[]} tiles @returns {import('./tile.js').Tile[]} who is large */
  #dress(tiles) {
    const { own, room } = this.#members;
    const shown = tiles.filter((tile) => !this.#hides(tile));
    for (const tile of tiles) {
      const member = this.#members.of(tile.person);
      const { element, video } = tile;
      // A room in which everybody hides shows them all the same.
      element.hidden = shown.length > 0 && !shown.includes(tile);
      const up = member?.handRaisedAt != null;
      element.style.order = up && room?.prioritizeHandraise ? '-1' : '0';
      this.#mark(element, up && !tile.screen);
      if (own?.mediaAllowed === 'audio-only') element.dataset.video = 'off';
      if (video) this.#loudness.set(video, (member?.inputVolume ?? 0) + (own?.outputVolume ?? 0));
    }
    const screens = shown.filter((tile) => tile.screen);
    if (screens.length > 0 || room?.layout !== 'highlight-1-responsive') return screens;
    const placed = shown.find(({ person }) => /^reserved(-1)?$/.test(room.positions[person] ?? this.#members.of(person)?.position ?? ''));
    return [placed ?? shown[0]].flatMap((tile) => tile ?? []);
  }

  /** @param {import('./tile.js').Tile} tile */
  #hides({ person, element, screen }) {
    const member = this.#members.of(person);
    const { room } = this.#members;
    if (!member || screen) return false;
    if (member.role === 'audience' || (room?.positions[person] ?? member.position) === 'off-canvas') return true;
    return room?.hideVideoMuted === true && element.dataset.video === 'off';
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
