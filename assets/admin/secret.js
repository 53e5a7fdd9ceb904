// @ts-check
/** What is shown to be copied: an address as often as wanted, a secret once. */
import { announce, icon, make, unique } from './dom.js';

/**
 * A text with a button that copies it.
 * @param {string} label @param {string} value @param {() => void} [copied]
 */
export function copyable(label, value, copied = () => undefined) {
  const id = unique('copy');
  const input = make('input', { id, readonly: true, class: 'mono', value, spellcheck: 'false', focus: () => input.select() });
  const word = make('span', {}, 'Copy');
  const press = async () => {
    try {
      await navigator.clipboard.writeText(value);
      word.textContent = 'Copied';
      announce(`${label}: copied.`);
      copied();
    } catch {
      input.focus();
      word.textContent = 'Press Ctrl+C';
      announce('The browser does not let this page copy. The text is selected: press Ctrl+C.');
    }
  };
  input.addEventListener('copy', () => copied());
  return make('div', { class: 'field' },
    make('label', { for: id }, label),
    make('div', { class: 'copy' }, input, make('button', { type: 'button', class: 'secondary', 'aria-label': `Copy: ${label}`, click: () => void press() }, icon('copy'), word)));
}

/** Secret shows a secret or password that cannot be shown again. */
export class Secret {
  /** Whether it was copied. */
  copied = false;
  element;

  /** @param {string} what "secret" or "password" @param {string} value @param {string} then what to do with it */
  constructor(what, value, then) {
    const label = `${what[0]?.toUpperCase()}${what.slice(1)}`;
    this.element = make('section', { class: 'callout once', 'aria-label': label },
      icon('key'),
      make('div', {},
        make('p', {}, make('b', {}, `Copy the ${what} now: it is shown this once.`), ` ${then} If it is lost, make a new one here.`),
        copyable(label, value, () => { this.copied = true; })));
  }
}
