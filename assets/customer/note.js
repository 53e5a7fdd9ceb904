// @ts-check
/** A short notice above the bar, with one thing to do about it. */
import { byID, make } from './dom.js';

/** Milliseconds that a notice stays. */
const STAY = 7_000;

/** Note shows one notice at a time; it takes no focus, and whoever shows one says it aloud. */
export class Note {
  #element = byID('note', HTMLElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {AbortSignal} signal */
  constructor(signal) {
    signal.addEventListener('abort', () => this.hide());
    const stay = () => clearTimeout(this.#timer);
    const go = () => {
      if (!this.#element.hidden) this.#later();
    };
    for (const [type, listener] of /** @type {const} */ ([['focusin', stay], ['pointerenter', stay], ['focusout', go], ['pointerleave', go]])) {
      this.#element.addEventListener(type, listener, { signal });
    }
  }

  /** @param {string} sentence @param {{ label: string, act: () => void }} [action] */
  show(sentence, action) {
    const text = make('span', '', sentence);
    text.dir = 'auto';
    this.#element.replaceChildren(text);
    if (action) {
      const button = make('button', '', action.label);
      button.type = 'button';
      button.onclick = () => {
        this.hide();
        action.act();
      };
      this.#element.append(button);
    }
    this.#element.hidden = false;
    this.#later();
  }

  hide() {
    clearTimeout(this.#timer);
    this.#element.hidden = true;
    this.#element.replaceChildren();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hide(), STAY);
  }
}
