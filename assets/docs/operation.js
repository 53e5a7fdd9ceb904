// @ts-check
/** One operation, closed as a line and open with all that is known of it. */
import { announce, fill, make } from '../admin/dom.js';
import { curl } from './curl.js';
import { exampleOf, rowsOf, typeOf } from './schema.js';

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./model.js').Operation} Operation */
/** @typedef {import('./model.js').Content} Content */
/** @typedef {import('./schema.js').Row} Row */

/** The element of an operation; what is inside is made when it is first opened. @param {Model} model @param {Operation} operation */
export function line(model, operation) {
  const { id, method, path, summary } = operation;
  const inside = make('div', { class: 'inside' });
  // A place to break a long path is before each slash.
  const broken = path.split(/(?=\/)/).flatMap((part) => [make('wbr'), part]);
  const details = make('details', { id, class: 'operation' },
    make('summary', {}, make('span', { class: `method ${method.toLowerCase()}` }, method), make('code', { class: 'path' }, ...broken), make('span', { class: 'does' }, summary)),
    inside);
  details.addEventListener('toggle', () => {
    if (details.open && !inside.firstChild) fill(inside, ...whole(model, operation));
  });
  return details;
}

/** @param {Model} model @param {Operation} operation */
function whole(model, operation) {
  return [
    operation.description && make('p', {}, operation.description),
    make('p', { class: 'who' }, who(operation)),
    ...part('Parameters', operation.parameters.length > 0 && table('Parameters', operation.parameters.map((p) => ({ name: p.name, type: `${typeOf(model, p.schema)}, in the ${p.in}`, required: p.required, words: p.description })))),
    ...operation.body.flatMap((content) => part(`Request: ${content.kind}`, ...body(model, content, 'Request'))),
    ...operation.answers.filter((a) => a.status < '400').flatMap((a) => part(`${a.status} ${a.description}`, ...a.content.flatMap((c) => [make('p', { class: 'quiet mono' }, c.kind), ...body(model, c, `Answer ${a.status}`)]))),
    ...part('Refusals', refusals(model, operation)),
    ...part('In a shell', example(curl(model, operation, location.origin))),
  ];
}

/** A heading with what stands under it, or nothing. @param {string} title @param {...(Node | string | false | null)} content */
const part = (title, ...content) => (content.some(Boolean) || /^\d/.test(title) ? [make('h3', {}, title), ...content] : []);

/** @param {Operation} operation */
function who({ security }) {
  if (security.length === 0) return 'Open to everybody.';
  const scopes = [...new Set(security.flatMap((s) => Object.values(s).flat()))];
  const ways = security.map((s) => ({ bearer: 'an access token', basic: 'HTTP Basic where the application may use it' })[Object.keys(s)[0] ?? ''] ?? 'the client’s id in the form');
  return `Needs ${ways.join(', or ')}${scopes.length ? `, with the scope ${scopes.join(' or ')}` : ''}.`;
}

/** @param {Model} model @param {Content} content @param {string} what */
function body(model, { kind, schema }, what) {
  if (!schema) return [];
  const rows = rowsOf(model, schema);
  const { description, items } = model.resolve(schema);
  const about = description ?? (items ? model.resolve(items).description : '') ?? '';
  const json = kind === 'application/json' && JSON.stringify(exampleOf(model, schema), null, 2);
  return [
    about !== '' && make('p', { class: 'quiet' }, about),
    rows.length > 0 ? table(what, rows, what === 'Request' ? 'required' : 'always') : make('p', {}, `A ${typeOf(model, schema)}.`),
    json && make('details', { class: 'example' }, make('summary', {}, 'Example'), example(json)),
  ];
}

/** @param {string} caption @param {Row[]} rows @param {string} [needed] the word for what is required */
function table(caption, rows, needed = 'required') {
  const told = rows.some((row) => row.words !== '');
  return make('table', {},
    make('caption', { class: 'unseen' }, caption),
    make('thead', {}, make('tr', {}, ...['Name', 'Type', told && 'Meaning'].map((word) => word && make('th', { scope: 'col' }, word)))),
    make('tbody', {}, ...rows.map((row) => make('tr', {},
      make('th', { scope: 'row' }, make('code', {}, row.name), row.required && make('span', { class: 'needed' }, ` ${needed}`)),
      make('td', {}, row.type),
      told && make('td', {}, row.words)))));
}

/** @param {Model} model @param {Operation} operation */
function refusals(model, { answers }) {
  const refused = answers.filter((a) => a.status >= '400');
  if (refused.length === 0) return null;
  return make('ul', { class: 'refusals' }, ...refused.map((a) => {
    const schema = a.content.find((c) => c.kind === 'application/json')?.schema;
    return make('li', {}, make('b', {}, a.status), ` ${a.description}`, schema && make('span', { class: 'quiet' }, ` · ${typeOf(model, schema)}`));
  }));
}

/** A text that can be copied. @param {string} text */
function example(text) {
  const code = make('pre', { tabindex: 0, role: 'group', 'aria-label': 'Example' }, make('code', {}, text));
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      announce('Copied.');
      word.textContent = 'Copied';
    } catch {
      getSelection()?.selectAllChildren(code);
      announce('The browser does not let this page copy. The text is selected: press Ctrl+C.');
    }
  };
  const word = make('span', {}, 'Copy');
  return make('div', { class: 'sample' }, code, make('button', { type: 'button', class: 'secondary', click: () => void copy() }, word));
}
