// @ts-check
/** What stands in the place of content: it comes, there is none, it failed. */
import { sentenceOf } from './api.js';
import { button, fill, icon, make } from './dom.js';
import { SignedOut } from './session.js';

/**
 * Loads something into a place: nothing for a moment, then that it takes long,
 * then what it is or why not. An answer that comes after the place was given to
 * something else is dropped.
 * @template T
 * @param {HTMLElement} place @param {HTMLElement} waiting @param {() => Promise<T>} load @param {(value: T) => void} show
 */
export async function loadInto(place, waiting, load, show) {
  const mine = make('div', {}, waiting);
  fill(place, mine);
  place.setAttribute('aria-busy', 'true');
  try {
    const value = await load();
    if (mine.parentElement !== place) return;
    place.setAttribute('aria-busy', 'false');
    show(value);
  } catch (err) {
    if (mine.parentElement !== place || err instanceof SignedOut) return;
    place.setAttribute('aria-busy', 'false');
    const again = button('Try again', () => void loadInto(place, waiting, load, show), { icon: 'again', id: 'retry' });
    fill(place, failure(sentenceOf(err), again));
  }
}

/** @param {string} sentence @param {HTMLElement} [help] */
export function failure(sentence, help) {
  return make('div', { class: 'callout bad', role: 'alert' }, icon('warning'), make('div', {}, make('p', {}, sentence), help));
}

/** @param {string} title @param {string} text @param {HTMLElement} [action] */
export function emptiness(title, text, action) {
  return make('div', { class: 'empty' }, make('p', { class: 'empty-title' }, title), make('p', { class: 'quiet' }, text), action);
}
