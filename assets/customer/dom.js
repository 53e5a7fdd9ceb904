// @ts-check
/** The few ways in which this page touches its document. */

/**
 * The element with an id, which index.html has.
 * @template {Element} T
 * @param {string} id
 * @param {new (...args: any[]) => T} kind its class
 * @returns {T}
 */
export function byID(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`#${id} is no ${kind.name}`);
  return element;
}

/**
 * A new element with text in it.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} [className] @param {string} [text]
 */
export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An icon of the set in index.html. @param {string} name @param {string} [label] what it tells, when no text beside it does */
export function icon(name, label = '') {
  const svg = document.createElementNS(SVG, 'svg');
  if (label) {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  } else {
    svg.setAttribute('aria-hidden', 'true');
  }
  svg.append(document.createElementNS(SVG, 'use'));
  setIcon(svg, name);
  return svg;
}

/** Shows another icon of the set. @param {Element} svg @param {string} name */
export function setIcon(svg, name) {
  svg.querySelector('use')?.setAttribute('href', `#i-${name}`);
}

/** Tells a screen reader, politely. @param {string} sentence */
export function announce(sentence) {
  const status = byID('status', HTMLElement);
  // The same sentence twice is news only if the text changes between.
  status.textContent = '';
  status.textContent = sentence;
}

/** Two letters at most that stand for a name. @param {string} name */
export function initialsOf(name) {
  const words = name.split(/[\s._@-]+/).filter(Boolean);
  const first = [...(words[0] ?? '')][0] ?? '?';
  const last = words.length > 1 ? ([...(words[words.length - 1] ?? '')][0] ?? '') : '';
  return (first + last).toLocaleUpperCase();
}
