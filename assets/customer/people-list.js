// @ts-check
/** The list of everybody in the call: name, who they are, what is muted, how good their network is. */
import { icon, initialsOf, make } from './dom.js';

/** @typedef {import('../lib/people.js').Person} Person */

const networks = { good: 'Good network', fair: 'Fair network', poor: 'Poor network' };

/** PeopleList is a view of the panel. */
export class PeopleList {
  title = 'People';
  element = make('div', 'people');
  #list = make('ul');
  #call;
  #network;
  /** @type {import('./seat-menu.js').Menu | null} what may be done to people, and their seats; null in a call without seats */
  menu = null;
  /** @type {Map<string, HTMLElement>} by endpoint */
  #rows = new Map();

  /** @param {import('../lib/call.js').Call} call @param {import('../lib/network.js').Network} network */
  constructor(call, network) {
    this.#call = call;
    this.#network = network;
    this.element.append(this.#list);
  }

  focus() {
    return null;
  }

  shown() {
    this.update();
  }

  /** Shows everybody of now, oneself first. */
  update() {
    if (this.element.hidden) return;
    const { menu } = this;
    const hand = (/** @type {Person} */ p) => (menu?.handsFirst && menu.of(p.id)?.handRaisedAt?.getTime()) || Infinity;
    const order = (/** @type {Person} */ a, /** @type {Person} */ b) => Number(b.self) - Number(a.self) || (hand(a) === hand(b) ? 0 : hand(a) - hand(b));
    const had = document.activeElement;
    this.#rows = new Map([...this.#call.people].sort(order).map((p) => [p.id, this.#row(p)]));
    const rows = [...this.#rows.values()];
    // What stays is left alone: somebody may hold a slider of it.
    if (rows.length !== this.#list.children.length || rows.some((row, i) => row !== this.#list.children[i])) this.#list.replaceChildren(...rows);
    if (had instanceof HTMLElement && this.#list.contains(had)) had.focus();
  }

  /** @param {Person} person */
  #row(person) {
    const row = this.#rows.get(person.id) ?? make('li');
    row.dataset.endpoint = person.id;
    const picture = make('span', 'face', initialsOf(person.name));
    picture.setAttribute('aria-hidden', 'true');
    const who = make('span', 'who');
    const name = make('bdi', 'name', person.name);
    const member = this.menu?.of(person.id);
    const is = member ? (member.role === 'audience' ? 'Audience' : 'Member') : person.customer ? 'Customer' : 'Agent';
    who.append(name, make('span', 'role', person.self ? (member?.role === 'audience' ? 'You, watching' : 'You') : is));
    const grade = person.self ? this.#network.own : this.#network.of(person.id);
    const signs = make('span', 'signs');
    const sends = (/** @type {'audioMuted' | 'videoMuted'} */ kind) => person.streams.some((s) => s.type !== 'SCREEN' && !s[kind]);
    if (person.streams.some((s) => s.type === 'SCREEN')) signs.append(make('span', 'role', 'Shares a screen'));
    if (member?.handRaisedAt) {
      const hand = icon('hand', 'Hand is raised');
      hand.setAttribute('class', 'hand');
      signs.append(hand);
    }
    if (member?.deaf) signs.append(icon('deaf', 'Does not hear the room'));
    if (!sends('audioMuted')) signs.append(icon('microphone-off', 'Microphone is off'));
    if (!sends('videoMuted')) signs.append(icon('camera-off', 'Camera is off'));
    if (this.#call.onHold) signs.append(icon('hold', 'On hold'));
    if (grade) {
      const bars = icon('bars', networks[grade]);
      bars.setAttribute('class', 'bars');
      bars.dataset.grade = grade;
      signs.append(bars);
    }
    for (const [i, part] of [picture, who, signs].entries()) {
      const old = row.children[i];
      if (!old) row.append(part);
      else if (!old.isEqualNode(part)) old.replaceWith(part);
    }
    this.menu?.dress(row, person);
    return row;
  }
}
