// @ts-check
/** The page about the API: loads the document, shows its groups, searches them and follows links to operations. */
import { announce, byID, fill, make } from '../admin/dom.js';
import { Model } from './model.js';
import { line } from './operation.js';

/** @param {string} name of a group */
const anchor = (name) => `group-${name.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;

/** @param {Model} model */
function show(model) {
  /** @type {{ section: HTMLElement, link: HTMLElement, lines: { element: HTMLElement, text: string }[] }[]} */
  const groups = model.groups.map((group) => {
    const lines = group.operations.map((o) => ({ element: line(model, o), text: `${o.method} ${o.path} ${o.summary} ${o.id} ${group.name}`.toLowerCase() }));
    const id = anchor(group.name);
    return {
      lines,
      section: make('section', { 'aria-labelledby': id }, make('h2', { id, tabindex: -1 }, group.name), make('p', { class: 'quiet' }, group.about), ...lines.map((l) => l.element)),
      link: make('li', {}, make('a', { href: `#${id}` }, group.name)),
    };
  });
  const none = make('p', { id: 'none', hidden: true }, 'No operation has these words. Try a part of a path, such as tickets.');
  fill(byID('document', HTMLElement), make('h1', {}, `${model.title} API`), make('p', { class: 'lead' }, model.about),
    make('p', {}, 'The whole document for programs: ', make('a', { href: '/openapi.json' }, '/openapi.json')), none, ...groups.map((g) => g.section));
  fill(byID('groups', HTMLElement), ...groups.map((g) => g.link));
  byID('nav', HTMLElement).hidden = false;
  byID('find', HTMLElement).hidden = false;

  const search = byID('search', HTMLInputElement);
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of groups) {
      let here = 0;
      for (const { element, text } of group.lines) {
        element.hidden = !words.every((word) => text.includes(word));
        here += element.hidden ? 0 : 1;
      }
      group.section.hidden = group.link.hidden = here === 0;
      found += here;
    }
    none.hidden = found > 0;
    const count = `${found} ${found === 1 ? 'operation' : 'operations'}`;
    byID('count', HTMLElement).textContent = count;
    if (words.length > 0) announce(count);
  };
  search.addEventListener('input', filter);
  filter();
  addEventListener('hashchange', follow);
  document.body.dataset.screen = 'shown';
  follow();
}

/** Opens what the address names. */
function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target instanceof HTMLDetailsElement) target.open = true;
  target.scrollIntoView();
}

/** Keeps the address of what was opened last. @param {Event} e */
function remember({ target }) {
  if (target instanceof HTMLDetailsElement && target.open && target.id) history.replaceState(null, '', `#${target.id}`);
}

async function load() {
  try {
    const answer = await fetch('/openapi.json');
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(new Model(await answer.json()));
  } catch (err) {
    document.body.dataset.screen = 'failed';
    fill(byID('document', HTMLElement), make('h1', {}, 'Guichet API'), make('p', { role: 'alert' }, 'The document did not come. Check the connection, then try again.'),
      make('p', {}, make('button', { id: 'retry', type: 'button', class: 'primary', click: () => void load() }, 'Try again')));
    console.info('document', err);
  }
}

document.addEventListener('toggle', remember, true); // it does not bubble
void load();
