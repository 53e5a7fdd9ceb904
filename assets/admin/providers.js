// @ts-check
/** Identity providers: where an organization's people already have an account to sign in with. */
import { icon, make } from './dom.js';
import { form } from './provider.js';
import { copyable } from './secret.js';
import { timeOf } from './time.js';
import { trial } from './trial.js';
import { badge, count } from './words.js';

/** @typedef {import('./wire.js').Provider} Provider */
/** @typedef {import('./editing.js').Editing<Provider>} Editing */

/** @param {Provider} p */
const kindWord = (p) => (p.kind === 'genesys' ? 'Genesys Cloud' : 'OpenID');

/** @type {import('./editing.js').Kind<Provider>} */
export const providers = {
  path: 'providers',
  title: 'Identity providers',
  lead: 'Where your people already have an account that they can sign in with here.',
  one: 'provider',
  add: 'New identity provider',
  empty: { title: 'No identity provider yet', text: 'People sign in with a name and password. Add a provider, and they can use the account they have.' },
  secret: { what: 'secret', then: '' },
  of: (desk) => desk.api.providers,
  name: (p) => p.name || p.id,
  text: (p) => [p.name, p.id, kindWord(p), p.issuer, p.region, p.enabled ? 'on' : 'off'].join(' '),
  columns: [
    { label: 'Name', cell: () => null },
    { label: 'Kind', cell: kindWord },
    { label: 'Where', cell: (p) => make('span', { class: 'mono' }, p.kind === 'genesys' ? p.region : p.issuer) },
    { label: 'State', cell: state },
  ],
  fixed: () => '',
  facts: (p, editing) => [
    make('p', { class: 'badges' }, state(p), badge('plain', 'link', kindWord(p))),
    !p.enabled && make('div', { class: 'callout' }, icon('info'), make('div', {},
      make('p', {}, make('b', {}, 'Three steps until people can use it:')),
      make('ol', {},
        make('li', {}, 'Register the address below at the provider.'),
        make('li', {}, 'Try it here.'),
        make('li', {}, 'Turn it on.')))),
    p.redirectUri && copyable('Redirect address to register at the provider', p.redirectUri),
    trial(p, editing),
    make('dl', { class: 'pairs' },
      make('dt', {}, 'ID'), make('dd', { class: 'mono' }, p.id),
      make('dt', {}, 'Created'), make('dd', {}, timeOf(p.created)),
      make('dt', {}, 'Audit'), make('dd', {}, make('a', { href: `#/audit?text=${encodeURIComponent(p.id)}` }, 'What speaks of it'))),
  ],
  form,
  actions,
};

/** @param {Provider} p */
function state(p) {
  return p.enabled ? badge('good', 'check', 'On') : badge('bad', 'ban', 'Off');
}

/** @param {Provider} p @param {Editing} editing @returns {import('./editing.js').Action[]} */
function actions(p, editing) {
  const { desk } = editing;
  const set = async (/** @type {boolean} */ enabled) => {
    editing.changed(await desk.api.providers.update(p.id, { ...p, enabled }));
    desk.tell(enabled ? `People can sign in through ${p.name} now.` : `Nobody can sign in through ${p.name} now.`);
  };
  const stops = async () => [`${await usersOf(p, editing)} cannot sign in any more.`, 'Who is signed in through it is signed out, and calls may break off.'];
  const turn = p.enabled
    ? {
        label: 'Turn off', icon: 'ban', text: 'Its button leaves the sign-in page until you turn it on again.', run: () => set(false),
        question: async () => ({ title: `Turn off ${p.name}?`, text: [...await stops(), 'You can turn it on again at any time.'], yes: 'Turn off', danger: true }),
      }
    : { label: 'Turn on', icon: 'check', text: 'Its button appears on the sign-in page.', run: () => set(true) };
  return [turn, {
    label: 'Delete', icon: 'bin', danger: true, text: 'What you set up here is gone for good, its secret too.',
    question: async () => ({ title: `Delete ${p.name}?`, text: [...await stops(), 'The address that is registered at the provider leads nowhere any more.'], yes: 'Delete', danger: true }),
    run: () => editing.remove(p.name),
  }];
}

/** Who signs in through a provider, counted where the server tells. @param {Provider} p @param {Editing} editing */
async function usersOf(p, { desk }) {
  try {
    const users = await desk.api.users.list();
    const n = users.filter((u) => u.provider === p.id).length;
    return n === 0 ? 'Nobody has signed in through it yet; whoever would,' : `${count(n, 'person who signs', 'people who sign')} in through it`;
  } catch {
    return 'People who sign in through it';
  }
}
