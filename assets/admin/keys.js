// @ts-check
/** The screen of the keys that sign tokens. */
import { ask } from './ask.js';
import { busy, button, fill, icon, make } from './dom.js';
import { sentenceOf } from './api.js';
import { SignedOut } from './session.js';
import { emptiness, failure, loadInto } from './state.js';
import { table } from './table.js';
import { timeOf } from './time.js';
import { badge } from './words.js';

/** @typedef {import('./wire.js').Key} Key */

/** @type {Record<string, { look: 'good' | 'warn' | 'plain', icon: string, word: string, means: string }>} */
const states = {
  next: { look: 'plain', icon: 'clock', word: 'Next', means: 'Published, so that others know it before it signs' },
  signing: { look: 'good', icon: 'key', word: 'Signs', means: 'Signs every new token' },
  retired: { look: 'plain', icon: 'check', word: 'Retired', means: 'Checks what it signed; signs nothing new' },
};

/** Keys shows them and rotates them. */
export class Keys {
  loses = false;
  address = '#/keys';
  element;
  #desk;
  #place = make('div', { class: 'list' });
  #problem = make('div');
  #busy = false;
  #table = table('Keys', /** @type {import('./table.js').Column<Key>[]} */ ([
    { label: 'State', cell: state },
    { label: 'Created', cell: (k) => timeOf(k.created) },
    { label: 'Signs from', cell: (k) => timeOf(k.signs) },
    { label: 'Removed', cell: (k) => timeOf(k.removed) },
    { label: 'Algorithm', cell: (k) => k.algorithm },
    { label: 'ID', cell: (k) => make('span', { class: 'mono' }, k.id), look: 'wide' },
  ]));

  /** @param {import('./desk.js').Desk} desk */
  constructor(desk) {
    this.#desk = desk;
    this.element = make('div', {},
      make('header', { class: 'screen-head' },
        make('div', {}, make('h1', { tabindex: -1 }, 'Keys'), make('p', { class: 'quiet' }, 'They sign the tokens by which programs and people are known. They change by themselves from time to time.'))),
      this.#problem, this.#place,
      make('section', { class: 'more-actions', 'aria-label': 'Change the keys' },
        make('div', { class: 'action' }, make('p', {}, 'Makes the next key sign now and publishes one after it. Nobody notices.'), button('Rotate now', () => void this.#rotate(false), { icon: 'again', id: 'rotate' })),
        make('div', { class: 'action' }, make('p', {}, 'For a key that somebody else has. All keys are replaced, and every token ends at once.'), button('A key was stolen', () => void this.#stolen(), { look: 'danger', icon: 'warning', id: 'stolen' }))));
    void loadInto(this.#place, busy('Loading…'), () => desk.api.keys(), (keys) => this.#show(keys));
  }

  async open() {
    return true;
  }

  async leave() {
    return true;
  }

  /** @param {Key[]} keys */
  #show(keys) {
    if (keys.length === 0) return fill(this.#place, emptiness('No keys', 'The server makes the first at its start. Look into its log.'));
    this.#table.show(keys);
    return fill(this.#place, this.#table.element);
  }

  async #stolen() {
    const sure = await ask({
      title: 'Replace all keys now?', danger: true, yes: 'Replace all keys',
      text: [
        'Every token ends at once, for everybody: agents, kiosks, customers and programs. Calls that run break off.',
        'Who is signed in gets a new token where the program asks for it by itself; everybody else has to sign in again.',
        'Whoever has the stolen key can do nothing with it any more.',
      ],
    });
    if (sure) await this.#rotate(true);
  }

  /** @param {boolean} compromised */
  async #rotate(compromised) {
    if (this.#busy) return;
    this.#busy = true;
    fill(this.#problem);
    try {
      const keys = await this.#desk.api.rotate(compromised);
      // This page's own token has ended too: asking again gets a new one, or tells that the session is over.
      this.#show(compromised ? await this.#desk.api.keys() : keys);
      this.#desk.tell(compromised ? 'All keys were replaced. Every token from before has ended.' : 'The keys were rotated.');
    } catch (err) {
      if (!(err instanceof SignedOut)) fill(this.#problem, failure(sentenceOf(err)));
    } finally {
      this.#busy = false;
    }
  }
}

/** @param {Key} k */
function state(k) {
  const known = states[k.state];
  return known ? [badge(known.look, known.icon, known.word), make('span', { class: 'quiet line' }, known.means)] : [icon('key'), k.state];
}
