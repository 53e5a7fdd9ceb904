// @ts-check
/** The filters of the audit log, and how they stand in the page's address. */
import { make } from './dom.js';
import { eventWord } from './words.js';

const HOUR = 3_600_000;
/** @type {[string, string, number][]} the time ranges: in the address, in words, in milliseconds */
const ranges = [['', 'Any time', 0], ['1h', 'Last hour', HOUR], ['24h', 'Last 24 hours', 24 * HOUR], ['7d', 'Last 7 days', 168 * HOUR], ['30d', 'Last 30 days', 720 * HOUR]];
/** How long after the last letter a text filters, in milliseconds. */
const PAUSE = 350;

/**
 * @param {string[]} events
 * @param {string} query as it stands in the address
 * @param {() => void} changed
 */
export function filters(events, query, changed) {
  const time = make('select', { id: 'time', change: changed }, ...ranges.map(([value, word]) => make('option', { value }, word)));
  const event = make('select', { id: 'event', change: changed }, make('option', { value: '' }, 'Everything'), ...events.map((e) => make('option', { value: e }, eventWord(e))));
  const refused = make('input', { type: 'checkbox', id: 'refused', change: changed });
  let timer = 0;
  const typed = () => {
    clearTimeout(timer);
    timer = window.setTimeout(changed, PAUSE);
  };
  const text = (/** @type {string} */ id) => make('input', { type: 'search', id, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', input: typed, change: () => undefined });
  const texts = { text: text('text'), subject: text('subject'), client: text('client'), actor: text('actor') };
  const field = (/** @type {string} */ label, /** @type {HTMLElement} */ input) => make('div', { class: 'filter' }, make('label', { for: input.id }, label), input);
  const details = make('details', {}, make('summary', {}, 'More filters'),
    make('div', { class: 'filter-row' }, field('Person or account', texts.subject), field('Application', texts.client), field('Changed by', texts.actor)));

  const set = (/** @type {string} */ from) => {
    const q = new URLSearchParams(from);
    time.value = q.get('time') ?? '';
    if (time.selectedIndex < 0) time.value = '';
    event.value = q.get('event') ?? '';
    if (event.selectedIndex < 0) event.value = '';
    refused.checked = q.get('refused') === 'true';
    for (const [name, input] of Object.entries(texts)) input.value = q.get(name) ?? '';
    details.open ||= ['subject', 'client', 'actor'].some((name) => q.has(name));
  };
  set(query);

  const chosen = () => {
    /** @type {Record<string, string>} */
    const some = {};
    if (event.value) some.event = event.value;
    if (refused.checked) some.refused = 'true';
    for (const [name, input] of Object.entries(texts)) if (input.value.trim()) some[name] = input.value.trim();
    return some;
  };
  return {
    element: make('form', { class: 'filters', role: 'search', 'aria-label': 'Filter the log', submit: (/** @type {Event} */ e) => {
      e.preventDefault();
      clearTimeout(timer);
      changed();
    } },
      make('div', { class: 'filter-row' },
        field('Time', time), field('What', event), field('Text', texts.text),
        make('div', { class: 'filter tick' }, refused, make('label', { for: 'refused' }, 'Refused only'))),
      details),
    set,
    /** What the server is asked for. @returns {Record<string, string>} */
    query: () => {
      const length = ranges.find(([value]) => value === time.value)?.[2] ?? 0;
      return { ...chosen(), ...(length ? { from: new Date(Date.now() - length).toISOString() } : {}) };
    },
    /** The filters as they stand in the address. */
    address: () => new URLSearchParams({ ...(time.value ? { time: time.value } : {}), ...chosen() }).toString(),
    any: () => time.value !== '' || Object.keys(chosen()).length > 0,
    clear: () => {
      set('');
      changed();
      time.focus();
    },
  };
}

