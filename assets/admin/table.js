// @ts-check
/**
 * A table that becomes cards where there is no room for it. Styles that turn
 * rows into blocks take their meaning away in some browsers, so the roles are
 * said again.
 */
import { fill, make } from './dom.js';

/**
 * @template T
 * @typedef {object} Column
 * @property {string} label
 * @property {(item: T) => import('./dom.js').Child | import('./dom.js').Child[]} cell
 * @property {string} [look] a class of its cells
 */

/**
 * @template T
 * @param {string} caption @param {Column<T>[]} columns
 */
export function table(caption, columns) {
  const body = make('tbody', { role: 'rowgroup' });
  const element = make('table', { role: 'table', 'aria-label': caption },
    make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, ...columns.map((c) => make('th', { role: 'columnheader', scope: 'col', class: c.look }, c.label)))),
    body);

  /** @param {T} item */
  const row = (item) => make('tr', { role: 'row' }, ...columns.map(({ label, cell, look }, i) => {
    const content = cell(item);
    const children = Array.isArray(content) ? content : [content];
    return make(i === 0 ? 'th' : 'td', { role: i === 0 ? 'rowheader' : 'cell', scope: i === 0 && 'row', 'data-label': label, class: look }, make('div', {}, ...children));
  }));

  return {
    element,
    /** @param {T[]} items */
    show: (items) => fill(body, ...items.map(row)),
    /** Adds rows at the end and returns the first. @param {T[]} items */
    append: (items) => {
      const rows = items.map(row);
      body.append(...rows);
      return rows[0];
    },
  };
}
