// @ts-check
/**
 * One thing in the drawer: its state, its form, what else can be done with it.
 * What is asked of the server runs one at a time; a failure is told at the foot
 * of the drawer, and who was slower than somebody else may load anew.
 */
import { APIError } from '../lib/rest.js';
import { sentenceOf } from './api.js';
import { ask } from './ask.js';
import { busy, button, fill, icon, make } from './dom.js';
import { Drawer } from './drawer.js';
import { Secret } from './secret.js';
import { SignedOut } from './session.js';
import { loadInto } from './state.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./dom.js').Child} Child */
/**
 * @typedef {object} Form
 * @property {HTMLElement} element
 * @property {import('./fields.js').Field<any>[]} fields in the order of the page
 * @property {() => object} body what is sent
 * @property {(message: string) => import('./fields.js').Field<any> | null} [place] the field that a refusal speaks of
 * @property {() => import('./ask.js').Question | null} [warns] asked before saving, where that stops something
 */
/**
 * @typedef {object} Action
 * @property {string} label
 * @property {string} icon
 * @property {string} text what it does
 * @property {boolean} [danger]
 * @property {() => Promise<import('./ask.js').Question>} [question] asked before
 * @property {() => Promise<void>} run
 */
/**
 * @template T
 * @typedef {Omit<import('./table.js').Column<T>, 'cell'> & { cell: (item: T, desk: Desk) => Child | Child[] }} Column
 */
/**
 * What makes one kind of thing different from the others.
 * @template {{ id: string, version: number }} T
 * @typedef {object} Kind
 * @property {string} path
 * @property {string} title
 * @property {string} lead
 * @property {string} one
 * @property {string} add
 * @property {{ title: string, text: string }} empty
 * @property {(desk: Desk) => import('./api.js').Collection<T, { item: T, secret: string }>} of
 * @property {(item: T) => string} name
 * @property {(item: T, desk: Desk) => string} text what search looks at
 * @property {Column<T>[]} columns the first is the name's
 * @property {(item: T | null, desk: Desk) => Form} form
 * @property {(item: T, editing: Editing<T>) => Child[]} facts
 * @property {(item: T, editing: Editing<T>) => Action[]} actions
 * @property {(item: T) => string} fixed why it cannot be changed, "" when it can
 * @property {{ what: string, then: string }} secret
 */

/** @template {{ id: string, version: number }} T */
export class Editing {
  /** @type {string} the id, "" of what is yet to be made */
  id;
  desk;
  #kind;
  #tell;
  /** @type {T | null} */
  #item = null;
  /** @type {Form | null} */
  #form = null;
  #before = '';
  /** @type {Secret | null} */
  #secret = null;
  #drawer;
  #once = make('div');
  #facts = make('div', { class: 'facts' });
  #actions = make('div');

  /**
   * @param {Desk} desk @param {Kind<T>} kind @param {string} id
   * @param {{ changed: (item: T) => void, removed: (id: string) => void, closed: () => void }} tell
   */
  constructor(desk, kind, id, tell) {
    this.desk = desk;
    this.id = id;
    this.#kind = kind;
    this.#tell = tell;
    this.#drawer = new Drawer(id || kind.add);
    this.#drawer.loses = () => this.loses;
    this.#drawer.onclose = tell.closed;
    if (id) this.#load();
    else this.#show();
  }

  /** What would be lost by closing now. */
  get loses() {
    if (this.#secret && !this.#secret.copied) return `You have not copied the ${this.#kind.secret.what}. It cannot be shown again; you would have to make a new one.`;
    return this.#form && this.#state() !== this.#before ? 'What you changed is not saved yet.' : '';
  }

  /** Closes after asking; resolves to whether it closed. */
  leave() {
    return this.#drawer.leave();
  }

  /** Runs one request; resolves to whether it went well. @param {() => Promise<void>} work */
  async run(work) {
    if (this.#drawer.busy) return false;
    this.#drawer.busy = true;
    this.#drawer.problem('');
    try {
      await work();
      return true;
    } catch (err) {
      if (!(err instanceof SignedOut)) await this.#failed(err);
      return false;
    } finally {
      this.#drawer.busy = false;
    }
  }

  /** Takes what the server answered, leaving in the form what is being written. @param {T} item */
  changed(item) {
    this.#item = item;
    this.#tell.changed(item);
    this.#aside();
  }

  /** Shows a secret, this once. @param {string} value */
  once(value) {
    this.#secret = new Secret(this.#kind.secret.what, value, this.#kind.secret.then);
    fill(this.#once, this.#secret.element);
    this.#drawer.focus();
  }

  /** @param {string} sentence */
  close(sentence) {
    this.#drawer.close();
    this.desk.tell(sentence);
  }

  /** Deletes the thing and closes. @param {string} name */
  async remove(name) {
    await this.#kind.of(this.desk).remove(this.id);
    this.#tell.removed(this.id);
    this.close(`Deleted ${name}.`);
  }

  #load() {
    this.#form = null;
    this.#secret = null;
    void loadInto(this.#drawer.body, busy('Loading…'), () => this.#kind.of(this.desk).get(this.id), (item) => {
      this.#item = item;
      this.#tell.changed(item);
      this.#show();
    });
  }

  #show() {
    const item = this.#item;
    this.#drawer.title = item ? this.#kind.name(item) : this.#kind.add;
    this.#drawer.problem('');
    const form = this.#kind.form(item, this.desk);
    const fixed = item ? this.#kind.fixed(item) : '';
    this.#form = fixed ? null : form;
    this.#before = this.#state();
    const save = button(item ? 'Save' : `Create ${this.#kind.one}`, () => undefined, { look: 'primary', id: 'save', type: 'submit' });
    save.setAttribute('form', 'edit');
    const whole = make('form', { id: 'edit', novalidate: true, submit: (/** @type {Event} */ e) => {
      e.preventDefault();
      void this.#save();
    } }, make('fieldset', { class: 'bare', disabled: fixed !== '' }, form.element));
    fill(this.#once);
    fill(this.#drawer.body, this.#once, fixed && make('div', { class: 'callout' }, icon('lock'), make('p', {}, fixed)), this.#facts, whole, this.#actions);
    this.#aside();
    if (fixed) this.#drawer.actions(button('Close', () => void this.leave(), { id: 'cancel' }));
    else this.#drawer.actions(save, this.#drawer.cancel);
    if (item) this.#drawer.focus();
    else form.fields[0]?.focus();
  }

  /** The state and the actions, which a request may change while the form stays. */
  #aside() {
    const item = this.#item;
    if (!item) return fill(this.#facts);
    fill(this.#facts, ...this.#kind.facts(item, this));
    const actions = this.#kind.fixed(item) ? [] : this.#kind.actions(item, this);
    fill(this.#actions, actions.length > 0 && make('section', { class: 'more-actions' }, make('h3', {}, 'More'), ...actions.map((a) => this.#action(a))));
    return undefined;
  }

  /** @param {Action} action */
  #action({ label, icon: name, text, danger, question, run }) {
    const press = async () => {
      const asked = question && (await question());
      if (asked && !(await ask(asked))) return;
      await this.run(run);
    };
    return make('div', { class: 'action' }, make('p', {}, text), button(label, () => void press(), { look: danger ? 'danger' : 'secondary', icon: name }));
  }

  async #save() {
    const form = this.#form;
    if (!form) return;
    const wrong = form.fields.filter((field) => !field.check());
    if (wrong[0]) {
      this.#drawer.problem(wrong.length === 1 ? 'One field needs your attention.' : `${wrong.length} fields need your attention.`);
      wrong[0].focus();
      return;
    }
    const warning = form.warns?.();
    if (warning && !(await ask(warning))) return;
    await this.run(async () => {
      const collection = this.#kind.of(this.desk);
      if (this.#item) {
        const item = await collection.update(this.id, form.body());
        this.#before = this.#state();
        this.changed(item);
        if (this.#secret && !this.#secret.copied) return this.desk.tell(`Saved ${this.#kind.name(item)}.`);
        return this.close(`Saved ${this.#kind.name(item)}.`);
      }
      const { item, secret } = await collection.create(form.body());
      this.#item = item;
      this.id = item.id;
      this.#tell.changed(item);
      this.desk.rest(`#/${this.#kind.path}/${encodeURIComponent(item.id)}`);
      this.#show();
      // A secret says enough by itself.
      if (secret) this.once(secret);
      else this.desk.tell(`Created ${this.#kind.name(item)}.`);
    });
  }

  /** @param {unknown} err */
  async #failed(err) {
    const sentence = sentenceOf(err);
    if (err instanceof APIError && err.code === 'conflict' && (await this.#outrun())) {
      const anew = button('Load anew', () => this.#load(), { icon: 'again', id: 'load-anew' });
      return this.#drawer.problem(`Somebody else changed this meanwhile. Load it anew to see what is there now; what you wrote here is then lost.`, anew);
    }
    if (err instanceof APIError && err.status === 404 && this.#item) {
      this.#tell.removed(this.id);
      return this.#drawer.problem('Somebody else deleted this meanwhile.');
    }
    this.#drawer.problem(sentence);
    const field = err instanceof APIError && err.status < 500 && err.status > 0 ? this.#form?.place?.(err.message) : null;
    if (field) {
      field.problem(sentence);
      field.focus();
    }
    return undefined;
  }

  /** Whether somebody else changed the thing since it was read: other rules conflict under the same code. */
  async #outrun() {
    if (!this.#item) return false;
    try {
      return (await this.#kind.of(this.desk).get(this.id)).version !== this.#item.version;
    } catch {
      return true;
    }
  }

  #state() {
    return JSON.stringify(this.#form?.fields.map((f) => f.read()) ?? []);
  }
}
