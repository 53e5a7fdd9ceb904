// @ts-check
/** The screen of the audit log: what was done and what was refused, the newest first. */
import { SignedOut } from './session.js';
import { sentenceOf } from './api.js';
import { filters } from './filters.js';
import { announce, busy, button, fill, make } from './dom.js';
import { emptiness, failure, loadInto } from './state.js';
import { table } from './table.js';
import { timeOf } from './time.js';
import { badge, count, eventWord } from './words.js';

/** @typedef {import('./wire.js').Entry} Entry */

/** How many entries come at once. */
const LIMIT = 50;

/** Audit reads on from where it is; the address holds its filters. */
export class Audit {
  loses = false;
  element;
  #desk;
  #place = make('div', { class: 'list' });
  #filters;
  #shown = 0;
  #next = 0;
  #more = button('Load more', () => void this.#append(), { icon: 'down', id: 'more' });
  #problem = make('div');
  #loading = false;
  #table = table('Audit log', /** @type {import('./table.js').Column<Entry>[]} */ ([
    { label: 'Time', cell: (e) => timeOf(e.time, 'second') },
    { label: 'What', cell: what },
    { label: 'Who', cell: who },
    { label: 'Application', cell: (e) => (e.client ? make('span', { class: 'mono' }, e.client) : make('span', { class: 'quiet none' }, '–')) },
    { label: 'From', cell: (e) => (e.address ? make('span', { class: 'mono' }, e.address) : make('span', { class: 'quiet none' }, '–')) },
  ]));

  /** @param {import('./desk.js').Desk} desk @param {string} query */
  constructor(desk, query) {
    this.#desk = desk;
    this.#filters = filters(desk.policy.events, query, () => {
      desk.rest(this.address);
      this.#load();
    });
    this.element = make('div', {},
      make('header', { class: 'screen-head' },
        make('div', {}, make('h1', { tabindex: -1 }, 'Audit'), make('p', { class: 'quiet' }, 'Who did what, and what was refused. Secrets never stand here.'))),
      this.#filters.element, this.#place);
    this.#load();
  }

  get address() {
    const query = this.#filters.address();
    return `#/audit${query ? `?${query}` : ''}`;
  }

  /** @param {string} _id @param {string} query */
  async open(_id, query) {
    if (`#/audit${query ? `?${query}` : ''}` !== this.address) {
      this.#filters.set(query);
      this.#load();
    }
    return true;
  }

  async leave() {
    return true;
  }

  #load() {
    const query = { ...this.#filters.query(), limit: String(LIMIT) };
    void loadInto(this.#place, busy('Reading the log…'), () => this.#desk.api.audit(query), ({ items, next }) => {
      this.#shown = items.length;
      this.#next = next;
      if (items.length === 0) {
        const none = this.#filters.any()
          ? emptiness('Nothing matches these filters', 'Take a longer time, or fewer filters.', button('Clear the filters', () => this.#filters.clear(), { id: 'clear' }))
          : emptiness('Nothing yet', 'What people and programs do will stand here.');
        announce(this.#filters.any() ? 'Nothing matches these filters.' : 'Nothing yet.');
        return fill(this.#place, none);
      }
      this.#table.show(items);
      this.#more.hidden = next === 0;
      fill(this.#problem);
      fill(this.#place, this.#table.element, this.#problem, make('div', { class: 'more-rows' }, this.#more));
      return announce(`${count(items.length, 'entry', 'entries')}${next ? ', and more' : ''}.`);
    });
  }

  async #append() {
    if (this.#loading) return;
    this.#loading = true;
    const place = this.#table.element.parentElement;
    fill(this.#problem, busy('Reading the log…'));
    try {
      const { items, next } = await this.#desk.api.audit({ ...this.#filters.query(), limit: String(LIMIT), before: String(this.#next) });
      fill(this.#problem);
      if (this.#table.element.parentElement !== place) return;
      const first = this.#table.append(items);
      this.#shown += items.length;
      this.#next = next;
      announce(`${count(items.length, 'more entry', 'more entries')}, ${this.#shown} in all.`);
      this.#more.hidden = next === 0;
      if (next === 0 && first) {
        // The button that had the focus is gone.
        first.tabIndex = -1;
        first.focus();
      }
    } catch (err) {
      if (!(err instanceof SignedOut)) fill(this.#problem, failure(sentenceOf(err)));
    } finally {
      this.#loading = false;
    }
  }
}

/** @param {Entry} e */
function what(e) {
  return [
    make('span', { class: 'event' }, make('b', {}, eventWord(e.event)), e.refused && badge('bad', 'ban', 'Refused')),
    e.detail && make('span', { class: 'line' }, e.detail),
    e.tokenId && make('span', { class: 'quiet line' }, 'Token ', make('span', { class: 'mono' }, e.tokenId)),
  ];
}

/** @param {Entry} e */
function who(e) {
  if (!e.subject && !e.actor) return make('span', { class: 'quiet none' }, '–');
  return [
    e.subject && make('span', { class: 'mono line' }, e.subject),
    e.actor && make('span', { class: 'quiet line' }, 'by ', make('span', { class: 'mono' }, e.actor)),
  ];
}
