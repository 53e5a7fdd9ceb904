// @ts-check
/**
 * The drawer at the right side in which one thing is looked at and changed: a
 * modal dialog, so that the focus stays inside. It closes by its button, by
 * Escape or by the way back, after asking when something would be lost.
 */
import { ask } from './ask.js';
import { button, fill, icon, make, unique, voice } from './dom.js';

/** Drawer is open from its construction until close. */
export class Drawer {
  /** What would be lost by closing now, as a sentence; "" when nothing. */
  loses = () => '';
  /** @type {() => void} called once, after it closed */
  onclose = () => undefined;
  body = make('div', { class: 'drawer-body' });
  #foot = make('div', { class: 'drawer-foot', hidden: true });
  #problem = make('div', { class: 'problem', role: 'alert' });
  #actions = make('div', { class: 'actions' });
  #heading;
  #dialog;
  #asking = false;
  #opener = document.activeElement;

  /** @param {string} title */
  constructor(title) {
    const id = unique('drawer');
    this.#heading = make('h2', { id, tabindex: -1 }, title);
    const close = make('button', { type: 'button', class: 'quiet-button', id: 'drawer-close', click: () => void this.leave() }, icon('close'), make('span', { class: 'unseen' }, 'Close'));
    this.#dialog = make('dialog', { class: 'drawer', 'aria-labelledby': id },
      make('div', { class: 'drawer-head' }, this.#heading, close), this.body, this.#foot, voice());
    fill(this.#foot, this.#problem, this.#actions);
    this.#dialog.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape') return;
      // Kept from the browser, which would close without asking.
      e.preventDefault();
      void this.leave();
    });
    this.#dialog.addEventListener('cancel', (e) => {
      e.preventDefault();
      void this.leave();
    });
    this.#dialog.addEventListener('close', () => this.#closed());
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#heading.focus();
  }

  /** @param {string} title */
  set title(title) {
    this.#heading.textContent = title;
  }

  /** The buttons at the foot. @param {...HTMLElement} buttons */
  actions(...buttons) {
    fill(this.#actions, ...buttons);
    this.#foot.hidden = false;
  }

  /** Shows what went wrong, with a button that helps; "" clears it. @param {string} sentence @param {HTMLElement} [help] */
  problem(sentence, help) {
    if (!sentence) return fill(this.#problem);
    this.#foot.hidden = false;
    fill(this.#problem, make('div', { class: 'callout bad' }, icon('warning'), make('div', {}, make('p', {}, sentence), help)));
    return undefined;
  }

  /** While something is under way nothing else can be pressed. @param {boolean} busy */
  set busy(busy) {
    this.#dialog.setAttribute('aria-busy', String(busy));
    for (const b of this.#dialog.querySelectorAll('button')) {
      if (busy) b.setAttribute('aria-disabled', 'true');
      else b.removeAttribute('aria-disabled');
    }
  }

  get busy() {
    return this.#dialog.getAttribute('aria-busy') === 'true';
  }

  /** The heading takes the focus, so that a screen reader reads what is new. */
  focus() {
    this.#heading.focus();
    this.body.scrollTo(0, 0);
  }

  /** Closes, unless something would be lost and is kept; resolves to whether it closed. */
  async leave() {
    if (this.#asking) return false;
    const loss = this.loses();
    if (loss) {
      this.#asking = true;
      const sure = await ask({ title: 'Close without saving?', text: [loss], yes: 'Close', no: 'Stay here', danger: true });
      this.#asking = false;
      if (!sure) return false;
    }
    this.close();
    return true;
  }

  /** Closes without asking. */
  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  #closed() {
    if (!this.#dialog.isConnected) return;
    this.#dialog.remove();
    if (this.#opener instanceof HTMLElement && this.#opener.isConnected) this.#opener.focus();
    this.onclose();
  }

  /** Closes the drawer from its foot. */
  get cancel() {
    return button('Cancel', () => void this.leave(), { id: 'cancel' });
  }
}
