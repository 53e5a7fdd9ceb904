// @ts-check
/** The screen of one kind of thing: a table with search, and the drawer of the one that the address names. */
import { announce, busy, button, fill, icon, make } from './dom.js';
import { Editing } from './editing.js';
import { emptiness, loadInto } from './state.js';
import { table } from './table.js';

/** How many rows show at once; nobody reads more, and a browser draws these at once. */
const PAGE = 200;
/** In the place of an id, the one that is yet to be made; no id may have the sign. */
export const NEW = '+new';

/** @typedef {import('./desk.js').Desk} Desk */
/**
 * @template {{ id: string, version: number }} T
 * @typedef {import('./editing.js').Kind<T>} Kind
 */

/** @template {{ id: string, version: number }} T */
export class Register {
  #desk;
  #kind;
  /** @type {T[]} */
  #items = [];
  #table;
  #place = make('div', { class: 'list' });
  #search = make('input', { type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false', input: () => this.#filter() });
  #count = make('p', { class: 'quiet', id: 'count', role: 'status' });
  #all = false;
  /** @type {Editing<T> | null} */
  #editing = null;
  element;

  /** @param {Desk} desk @param {Kind<T>} kind */
  constructor(desk, kind) {
    this.#desk = desk;
    this.#kind = kind;
    const [first, ...others] = kind.columns;
    this.#table = table(kind.title, [
      { label: first?.label ?? '', cell: (/** @type {T} */ item) => make('a', { href: `#/${kind.path}/${encodeURIComponent(item.id)}`, class: 'open' }, kind.name(item)), look: 'wide' },
      ...others.map((column) => ({ ...column, cell: (/** @type {T} */ item) => column.cell(item, desk) })),
    ]);
    this.element = make('div', {},
      make('header', { class: 'screen-head' },
        make('div', {}, make('h1', { tabindex: -1 }, kind.title), make('p', { class: 'quiet' }, kind.lead)),
        make('a', { class: 'primary as-button', href: `#/${kind.path}/${NEW}`, id: 'new' }, icon('plus'), make('span', {}, kind.add))),
      make('div', { class: 'search' }, make('label', { for: 'search', class: 'unseen' }, `Search ${kind.title.toLowerCase()}`), icon('search'), this.#search, this.#count),
      this.#place);
    this.#search.placeholder = `Search ${kind.title.toLowerCase()}`;
    this.#load();
  }

  /** Opens what the address names; "" closes the drawer. Resolves to false when its owner stays in it. @param {string} id */
  async open(id) {
    if (this.#editing?.id === id) return true;
    if (this.#editing && !(await this.#editing.leave())) return false;
    this.#editing = null;
    if (id === '') return true;
    const editing = new Editing(this.#desk, this.#kind, id === NEW ? '' : id, {
      changed: (item) => this.#changed(item),
      removed: (gone) => this.#removed(gone),
      closed: () => this.#closed(editing),
    });
    this.#editing = editing;
    return true;
  }

  /** The address that stands for what is open. */
  get address() {
    const id = this.#editing ? this.#editing.id : null;
    return `#/${this.#kind.path}${id === null ? '' : `/${id === '' ? NEW : encodeURIComponent(id)}`}`;
  }

  /** Whether something would be lost by leaving the page. */
  get loses() {
    return (this.#editing?.loses ?? '') !== '';
  }

  /** Leaves the screen; resolves to whether it may be left. */
  async leave() {
    return this.open('');
  }

  #load() {
    void loadInto(this.#place, busy('Loading…'), () => this.#kind.of(this.#desk).list(), (items) => {
      this.#items = items;
      this.#filter();
    });
  }

  #filter() {
    const words = this.#search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const found = this.#items.filter((item) => {
      const text = this.#kind.text(item, this.#desk).toLocaleLowerCase();
      return words.every((w) => text.includes(w));
    });
    if (this.#place.getAttribute('aria-busy') === 'true') return;
    const all = this.#items.length;
    this.#count.textContent = all === 0 ? '' : words.length ? `${found.length.toLocaleString()} of ${all.toLocaleString()}` : all.toLocaleString();
    this.#count.setAttribute('aria-label', this.#count.textContent && `${this.#count.textContent} ${this.#kind.title.toLowerCase()}`);
    if (all === 0) return fill(this.#place, emptiness(this.#kind.empty.title, this.#kind.empty.text));
    if (found.length === 0) {
      const clear = button('Clear the search', () => {
        this.#search.value = '';
        this.#filter();
        this.#search.focus();
      });
      return fill(this.#place, emptiness(`Nothing matches “${this.#search.value.trim()}”`, 'Look for a part of a name, an id, a role or a state.', clear));
    }
    const shown = this.#all ? found : found.slice(0, PAGE);
    this.#table.show(shown);
    const more = shown.length < found.length && button(`Show all ${found.length.toLocaleString()}`, () => {
      this.#all = true;
      this.#filter();
    });
    fill(this.#place, this.#table.element, more && make('div', { class: 'more-rows' }, more));
    return undefined;
  }

  /** @param {T} item */
  #changed(item) {
    const i = this.#items.findIndex((other) => other.id === item.id);
    if (i < 0) this.#items.unshift(item);
    else this.#items[i] = item;
    this.#filter();
  }

  /** @param {string} id */
  #removed(id) {
    this.#items = this.#items.filter((item) => item.id !== id);
    this.#filter();
    announce('Deleted.');
  }

  /** @param {Editing<T>} editing */
  #closed(editing) {
    if (this.#editing !== editing) return;
    const { id } = editing;
    this.#editing = null;
    this.#desk.rest(`#/${this.#kind.path}`);
    // The row may have been drawn anew, so that the link which opened the drawer is gone.
    const link = [...this.#place.querySelectorAll('a.open')].find((a) => a.getAttribute('href') === `#/${this.#kind.path}/${encodeURIComponent(id)}`);
    /** @type {HTMLElement} */ (link ?? this.element.querySelector('h1')).focus();
  }
}
