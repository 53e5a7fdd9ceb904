// @ts-check
/** The one question before something that cannot be undone, or that stops somebody's work. */
import { button, fill, make, unique } from './dom.js';

/**
 * @typedef {object} Question
 * @property {string} title what is asked
 * @property {string[]} text what will be so afterwards, a sentence each
 * @property {string} yes the button that does it
 * @property {string} [no]
 * @property {boolean} [danger]
 */

/** Resolves to whether the answer was yes. @param {Question} question @returns {Promise<boolean>} */
export function ask({ title, text, yes, no = 'Cancel', danger = false }) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const ids = [unique('ask'), unique('ask')];
    const dialog = make('dialog', { class: 'ask', role: 'alertdialog', 'aria-labelledby': ids[0], 'aria-describedby': ids[1] });
    let answer = false;
    const end = (/** @type {boolean} */ said) => {
      answer = said;
      dialog.close();
    };
    const keep = button(no, () => end(false), { id: 'ask-no' });
    const go = button(yes, () => end(true), { look: danger ? 'danger' : 'primary', id: 'ask-yes' });
    const sentences = text.length === 1 ? text.map((t) => make('p', {}, t)) : [make('ul', {}, ...text.map((t) => make('li', {}, t)))];
    fill(dialog, make('h2', { id: ids[0] }, title), make('div', { id: ids[1] }, ...sentences), make('div', { class: 'actions' }, keep, go));
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    keep.focus();
  });
}
