// @ts-check
/** The few ways in which the settings page makes and finds elements. Text goes in as text, never as markup. */

/** @typedef {Node | string | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((e: any) => void)>} Attributes */

/**
 * A new element. A function among the attributes listens to the event of that
 * name; true sets a bare attribute, false and null none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Attributes} [attributes] @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...present(children));
  return element;
}

/** @param {Child[]} children */
const present = (children) => /** @type {(Node | string)[]} */ (children.filter((c) => c !== null && c !== undefined && c !== false && c !== ''));

/** Puts children in the place of all that an element holds. @param {Element} element @param {...Child} children */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

/**
 * The element with an id, which index.html has.
 * @template {Element} T
 * @param {string} id @param {new (...args: any[]) => T} kind its class
 * @returns {T}
 */
export function byID(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`#${id} is no ${kind.name}`);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An icon of the set in index.html; what it means stands beside it. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * A button that does something.
 * @param {string} label @param {() => void} press
 * @param {{ look?: 'primary' | 'secondary' | 'plain' | 'danger', icon?: string, id?: string, type?: 'button' | 'submit' }} [options]
 */
export function button(label, press, { look = 'secondary', icon: name, id, type = 'button' } = {}) {
  return make('button', { type, class: look, id, click: press }, name && icon(name), make('span', {}, label));
}

let last = 0;

/** An id that no other element has. @param {string} of */
export const unique = (of) => `${of}-${++last}`;

/** The place in a dialog that announce speaks through: what is outside an open one is silent. */
export const voice = () => make('div', { class: 'unseen voice', role: 'status', 'aria-live': 'polite' });

/** Tells a screen reader, politely. @param {string} sentence */
export function announce(sentence) {
  const status = [...document.querySelectorAll('dialog[open] .voice')].at(-1) ?? byID('status', HTMLElement);
  // The same sentence twice is news only if the text changes between.
  status.textContent = '';
  status.textContent = sentence;
}

/** What shows while something loads: nothing at first, words once it takes long. @param {string} words */
export function busy(words) {
  return make('div', { class: 'late busy-note' }, make('div', { class: 'busy', 'aria-hidden': 'true' }, make('i')), make('p', { class: 'quiet' }, words));
}
