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
    const people = [...this.#call.people].sort((a, b) => Number(b.self) - Number(a.self));
    this.#list.replaceChildren(...people.map((p) => this.#row(p)));
  }

  /** @param {Person} person */
  #row(person) {
    const row = make('li');
    row.dataset.endpoint = person.id;
    const picture = make('span', 'face', initialsOf(person.name));
    picture.setAttribute('aria-hidden', 'true');
    const who = make('span', 'who');
    const name = make('bdi', 'name', person.name);
    who.append(name, make('span', 'role', person.self ? 'You' : person.customer ? 'Customer' : 'Agent'));
    const grade = person.self ? this.#network.own : this.#network.of(person.id);
    const signs = make('span', 'signs');
    const sends = (/** @type {'audioMuted' | 'videoMuted'} */ kind) => person.streams.some((s) => s.type !== 'SCREEN' && !s[kind]);
    if (person.streams.some((s) => s.type === 'SCREEN')) signs.append(make('span', 'role', 'Shares a screen'));
    if (!sends('audioMuted')) signs.append(icon('microphone-off', 'Microphone is off'));
    if (!sends('videoMuted')) signs.append(icon('camera-off', 'Camera is off'));
    if (this.#call.onHold) signs.append(icon('hold', 'On hold'));
    if (grade) {
      const bars = icon('bars', networks[grade]);
      bars.setAttribute('class', 'bars');
      bars.dataset.grade = grade;
      signs.append(bars);
    }
    row.append(picture, who, signs);
    return row;
  }
}
