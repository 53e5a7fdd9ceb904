// @ts-check
/** A field of several rows of small fields: role mappings, request parameters. */
import { announce, button, fill, icon, make, unique } from './dom.js';

/** @typedef {{ key: string, label: string, options?: import('./fields.js').Option[] }} Column */
/** @typedef {Record<string, string>} Row */

/**
 * @param {object} options
 * @param {string} options.legend
 * @param {string} options.name
 * @param {string} options.hint
 * @param {string} options.add the button for one more
 * @param {string} options.row what one is called: "Rule"
 * @param {Column[]} options.columns
 * @param {Row[]} options.value
 * @returns {import('./fields.js').Field<Row[]>}
 */
export function rowsField({ legend, name, hint, add, row: word, columns, value }) {
  const rows = make('div', { class: 'rows' });
  const problem = make('div', { class: 'field-problem', id: `${name}-problem` });
  const more = button(add, () => append({}).querySelector('input')?.focus(), { look: 'plain', icon: 'plus', id: `${name}-add` });
  const group = make('fieldset', { id: name, class: 'field', 'aria-describedby': `${name}-hint ${name}-problem` },
    make('legend', {}, legend), make('p', { class: 'hint', id: `${name}-hint` }, hint), rows, problem, more);

  /** @param {Row} row */
  function append(row) {
    const item = make('div', { class: 'row', role: 'group' });
    fill(item, ...columns.map((column) => cell(column, row[column.key] ?? '')), remover(item));
    rows.append(item);
    number();
    return item;
  }

  /** @param {HTMLElement} item */
  function remover(item) {
    return make('button', { type: 'button', class: 'quiet-button', click: () => {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      number();
      group.dispatchEvent(new Event('change', { bubbles: true }));
      announce('Removed.');
      (next?.querySelector('input') ?? more).focus();
    } }, icon('close'), make('span', { class: 'unseen' }, 'Remove'));
  }

  function number() {
    [...rows.children].forEach((item, i) => item.setAttribute('aria-label', `${word} ${i + 1}`));
  }

  const inputs = () => [...rows.children].map((item) => [...item.querySelectorAll('input, select')].map((e) => /** @type {HTMLInputElement | HTMLSelectElement} */ (e)));
  /** Rows in which nothing was written do not count. */
  const read = () => inputs().filter((cells) => cells.some((c) => c instanceof HTMLInputElement && c.value.trim()))
    .map((cells) => Object.fromEntries(cells.map((c, i) => [columns[i]?.key ?? '', c.value.trim()])));
  const say = (/** @type {string} */ sentence) => fill(problem, sentence && make('p', {}, icon('warning'), make('span', {}, sentence)));

  for (const row of value) append(row);
  return {
    element: group,
    read,
    check: () => {
      let half = null;
      for (const cells of inputs()) {
        const some = cells.some((c) => c instanceof HTMLInputElement && c.value.trim());
        for (const c of cells) {
          const missing = some && !c.value.trim();
          c.toggleAttribute('aria-invalid', false);
          if (missing) c.setAttribute('aria-invalid', 'true');
          if (missing) half ??= c;
        }
      }
      say(half ? `Fill in the whole ${word.toLowerCase()}, or remove it.` : '');
      return half === null;
    },
    problem: say,
    focus: () => /** @type {HTMLElement} */ (rows.querySelector('[aria-invalid]') ?? rows.querySelector('input') ?? more).focus(),
  };
}

/** @param {Column} column @param {string} value */
function cell({ label, options }, value) {
  const id = unique('cell');
  const field = options
    ? make('select', { id }, ...options.map((o) => make('option', { value: o.value, selected: o.value === value }, o.label)))
    : make('input', { id, value, class: 'mono', spellcheck: 'false', autocapitalize: 'none', autocomplete: 'off', maxlength: 256 });
  return make('div', {}, make('label', { for: id }, label), field);
}
