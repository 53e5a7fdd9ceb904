// @ts-check
/** A question in a dialog of its own, built when it is asked and removed after. */
import { byID, make } from './dom.js';

/** Ask is one question; its heading has the focus first, so that a key meant for something else answers nothing. */
export class Ask {
  element = make('dialog', 'ask');
  #actions = make('div', 'actions');
  #title;
  /** @type {Element | null} */
  #before = document.activeElement;

  /** @param {string} id @param {string} title @param {AbortSignal} signal closes it */
  constructor(id, title, signal) {
    this.element.id = id;
    this.#title = make('h2', '', title);
    this.#title.id = `${id}-title`;
    this.#title.tabIndex = -1;
    this.#title.autofocus = true;
    this.element.setAttribute('aria-labelledby', this.#title.id);
    this.element.append(this.#title, this.#actions);
    signal.addEventListener('abort', () => this.close());
    document.body.append(this.element);
  }

  /** Adds something above the buttons. @param {...HTMLElement} parts */
  add(...parts) {
    this.#actions.before(...parts);
  }

  /** @param {string} title */
  rename(title) {
    this.#title.textContent = title;
    this.#title.focus();
  }

  /** Puts these buttons in place of those before. @param {...HTMLElement} buttons */
  offer(...buttons) {
    this.#actions.replaceChildren(...buttons);
  }

  show() {
    this.#before = document.activeElement;
    byID('panel', HTMLDialogElement).close();
    if (!this.element.open) this.element.showModal();
    this.#title.focus();
  }

  close() {
    this.element.close();
    this.element.remove();
    if (this.#before instanceof HTMLElement && this.#before.isConnected) this.#before.focus({ preventScroll: true });
  }

  /** Asks yes or no; Escape and the end of the call mean no. @param {string} yes @param {string} no @returns {Promise<boolean>} */
  decide(yes, no) {
    return new Promise((resolve) => {
      const end = (/** @type {boolean} */ answer) => {
        resolve(answer);
        this.close();
      };
      this.element.addEventListener('close', () => resolve(false));
      this.offer(action('primary', yes, () => end(true)), action('secondary', no, () => end(false)));
      this.show();
    });
  }
}

/** @param {string} look @param {string} label @param {() => void} act */
export function action(look, label, act) {
  const button = make('button', look, label);
  button.type = 'button';
  button.onclick = act;
  return button;
}
