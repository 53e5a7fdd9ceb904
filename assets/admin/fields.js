// @ts-check
/** The fields of a form: each has its element, reads its value and says what is wrong beside itself. */
import { fill, icon, make, unique } from './dom.js';

/**
 * @template V
 * @typedef {object} Field
 * @property {HTMLElement} element
 * @property {() => V} read
 * @property {() => boolean} check shows what is wrong, and tells whether nothing is
 * @property {(sentence: string) => void} problem shows what somebody else found wrong
 * @property {() => void} focus
 */

/** The place beside a field for what is wrong with it. @param {string} id */
function complaint(id) {
  const element = make('div', { id, class: 'field-problem' });
  /** @param {string[]} sentences */
  const show = (sentences) => fill(element, ...sentences.map((s) => make('p', {}, icon('warning'), make('span', {}, s))));
  return { element, show };
}

/**
 * @typedef {object} TextOptions
 * @property {string} label
 * @property {string} [name] its id in the document
 * @property {string} [value]
 * @property {string} [hint]
 * @property {string} [missing] what is said when it is empty; without it the field may be
 * @property {(value: string) => string} [test] says what is wrong with what is in it
 * @property {boolean} [mono]
 * @property {'text' | 'password' | 'url'} [type]
 * @property {string[]} [suggestions]
 */

/** One line of text. @param {TextOptions} options @returns {Field<string>} */
export function textField({ label, name, value = '', hint, missing, test = () => '', mono, type = 'text', suggestions }) {
  const id = name ?? unique('field');
  const found = complaint(`${id}-problem`);
  const list = suggestions && make('datalist', { id: `${id}-list` }, ...suggestions.map((s) => make('option', { value: s })));
  const input = make('input', {
    id, type, value, class: mono && 'mono', spellcheck: 'false', autocapitalize: mono && 'none', autocomplete: type === 'password' ? 'new-password' : 'off',
    maxlength: 1024, list: list && list.id, 'aria-required': missing && 'true', 'aria-describedby': `${hint ? `${id}-hint ` : ''}${id}-problem`,
  });
  const problem = (/** @type {string} */ sentence) => {
    found.show(sentence ? [sentence] : []);
    if (sentence) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
  };
  const read = () => input.value.trim();
  const wrong = () => (read() === '' ? (missing ?? '') : test(read()));
  input.addEventListener('input', () => input.hasAttribute('aria-invalid') && problem(wrong()));
  return {
    element: make('div', { class: 'field' },
      make('label', { for: id }, label, !missing && make('span', { class: 'optional' }, ' (optional)')),
      hint && make('p', { class: 'hint', id: `${id}-hint` }, hint), input, list, found.element),
    read,
    check: () => {
      problem(wrong());
      return wrong() === '';
    },
    problem,
    focus: () => input.focus(),
  };
}

/**
 * Values one per line, each with what is wrong with it.
 * @param {{ label: string, name?: string, value: string[], hint?: string, test?: (line: string) => string }} options
 * @returns {Field<string[]>}
 */
export function linesField({ label, name, value, hint, test = () => '' }) {
  const id = name ?? unique('field');
  const found = complaint(`${id}-problem`);
  const area = make('textarea', { id, class: 'mono', rows: Math.max(2, value.length + 1), spellcheck: 'false', autocapitalize: 'none', wrap: 'soft', 'aria-describedby': `${hint ? `${id}-hint ` : ''}${id}-problem` });
  area.value = value.join('\n');
  const show = (/** @type {string[]} */ sentences) => {
    found.show(sentences);
    if (sentences.length) area.setAttribute('aria-invalid', 'true');
    else area.removeAttribute('aria-invalid');
  };
  const read = () => area.value.split('\n').map((l) => l.trim()).filter(Boolean);
  const wrong = () => area.value.split('\n').flatMap((line, i) => {
    const sentence = line.trim() && test(line.trim());
    return sentence ? [`Line ${i + 1}: ${sentence}`] : [];
  });
  area.addEventListener('input', () => area.hasAttribute('aria-invalid') && show(wrong()));
  return {
    element: make('div', { class: 'field' }, make('label', { for: id }, label), hint && make('p', { class: 'hint', id: `${id}-hint` }, hint), area, found.element),
    read,
    check: () => {
      const sentences = wrong();
      show(sentences);
      return sentences.length === 0;
    },
    problem: (sentence) => show([sentence]),
    focus: () => area.focus(),
  };
}

/**
 * @typedef {object} Option
 * @property {string} value
 * @property {string} label
 * @property {string} [description]
 */

/** One thing to tick. @param {{ name?: string, label: string, value: boolean, hint?: string }} options @returns {Field<boolean>} */
export function tickField({ name, label, value, hint }) {
  const id = name ?? unique('field');
  const { input, element } = tick('checkbox', id, { value: 'on', label, ...(hint ? { description: hint } : {}) }, value);
  return { element, read: () => input.checked, check: () => true, problem: () => undefined, focus: () => input.focus() };
}

/**
 * Several things to tick. note says what is special about one of them, given
 * what is ticked elsewhere; refresh asks again.
 * @param {{ legend: string, name?: string, options: Option[], value: string[], hint?: string, missing?: string, note?: (value: string) => { text: string, off?: boolean } | null }} options
 * @returns {Field<string[]> & { refresh: () => void }}
 */
export function ticksField({ legend, name = unique('field'), options, value, hint, missing, note = () => null }) {
  const found = complaint(`${name}-problem`);
  // What is set and not to be chosen from any more stays as it is.
  const strange = value.filter((v) => !options.some((o) => o.value === v)).map((v) => ({ value: v, label: v }));
  const ticks = [...options, ...strange].map((option) => ({ option, ...tick('checkbox', unique(name), option, value.includes(option.value)) }));
  const read = () => ticks.filter((t) => t.input.checked && !t.input.disabled).map((t) => t.option.value);
  const refresh = () => {
    for (const { option, input, remark, element } of ticks) {
      const said = note(option.value);
      input.disabled = said?.off ?? false;
      element.classList.toggle('without', Boolean(said));
      fill(remark, said && icon('warning'), said && make('span', {}, said.text));
    }
  };
  refresh();
  const check = () => {
    const empty = Boolean(missing) && read().length === 0;
    found.show(empty ? [missing ?? ''] : []);
    return !empty;
  };
  const group = make('fieldset', { id: name, class: 'field', 'aria-describedby': `${hint ? `${name}-hint ` : ''}${name}-problem` },
    make('legend', {}, legend), hint && make('p', { class: 'hint', id: `${name}-hint` }, hint), make('div', { class: 'ticks' }, ...ticks.map((t) => t.element)), found.element);
  group.addEventListener('change', () => found.element.hasChildNodes() && check());
  return { element: group, read, refresh, check, problem: (s) => found.show(s ? [s] : []), focus: () => ticks[0]?.input.focus() };
}

/** One of a few. @param {{ legend: string, name: string, options: Option[], value: string }} options @returns {Field<string>} */
export function choiceField({ legend, name, options, value }) {
  const ticks = options.map((option) => ({ option, ...tick('radio', unique(name), option, option.value === value, name) }));
  return {
    element: make('fieldset', { id: name, class: 'field' }, make('legend', {}, legend), make('div', { class: 'ticks' }, ...ticks.map((t) => t.element))),
    read: () => ticks.find((t) => t.input.checked)?.option.value ?? value,
    check: () => true,
    problem: () => undefined,
    focus: () => ticks.find((t) => t.input.checked)?.input.focus(),
  };
}

/** @param {'checkbox' | 'radio'} type @param {string} id @param {Option} option @param {boolean} checked @param {string} [group] */
function tick(type, id, { value, label, description }, checked, group) {
  const input = make('input', { type, id, value, name: group, checked, 'aria-describedby': `${id}-more` });
  const remark = make('span', { class: 'remark' });
  const element = make('div', { class: 'tick' }, input,
    make('div', {}, make('label', { for: id }, label), make('div', { id: `${id}-more`, class: 'more' }, description, remark)));
  return { input, element, remark };
}
