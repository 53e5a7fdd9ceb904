// @ts-check
/** People: who signs in, by a password or through an identity provider. */
import { make } from './dom.js';
import { textField, ticksField } from './fields.js';
import { wrongWithID } from './redirects.js';
import { timeOf } from './time.js';
import { badge, lost, roleWord, rolesWord } from './words.js';

/** @typedef {import('./wire.js').User} User */
/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./editing.js').Editing<User>} Editing */

/** @type {import('./editing.js').Kind<User>} */
export const people = {
  path: 'people',
  title: 'People',
  lead: 'Who can sign in: agents, supervisors, administrators.',
  one: 'account',
  add: 'New person',
  empty: { title: 'Nobody yet', text: 'Add the people who answer calls, or let them sign in through an identity provider.' },
  secret: { what: 'password', then: 'Hand it to the person.' },
  of: (desk) => {
    // Providers are shown by their names.
    const named = async (/** @type {Promise<any>} */ answer) => (await Promise.all([answer, desk.learnProviders()]))[0];
    return { ...desk.api.users, list: () => named(desk.api.users.list()), get: (id) => named(desk.api.users.get(id)) };
  },
  name: (u) => u.displayName || u.id,
  text: (u, desk) => [u.displayName, u.id, rolesWord([...u.roles, ...u.providerRoles]), u.provider && desk.providerName(u.provider), u.subject, u.disabled ? 'disabled' : 'enabled'].join(' '),
  columns: [
    { label: 'Name', cell: () => null },
    { label: 'Signs in as', cell: (u) => make('span', { class: 'mono' }, u.id) },
    { label: 'Roles', cell: (u) => rolesWord([...new Set([...u.roles, ...u.providerRoles])]) || make('span', { class: 'quiet none' }, '–') },
    { label: 'Signs in by', cell: (u, desk) => (u.provider ? desk.providerName(u.provider) : 'Password') },
    { label: 'State', cell: state },
  ],
  fixed: (u) => (u.fixed ? 'This account belongs to the server’s development mode. You can look at it; the server makes it anew at each start.' : ''),
  facts: (u, { desk }) => [
    make('p', { class: 'badges' }, ...state(u), u.id === desk.person.id && badge('plain', 'person', 'You')),
    make('dl', { class: 'pairs' },
      make('dt', {}, 'Signs in as'), make('dd', { class: 'mono' }, u.id),
      ...(u.provider ? [
        make('dt', {}, 'Through'), make('dd', {}, make('a', { href: `#/providers/${encodeURIComponent(u.provider)}` }, desk.providerName(u.provider)), u.subject && ' as ', u.subject && make('span', { class: 'mono' }, u.subject)),
        make('dt', {}, 'Roles from there'), make('dd', {}, rolesWord(u.providerRoles) || 'None'),
      ] : []),
      make('dt', {}, 'Created'), make('dd', {}, timeOf(u.created)),
      make('dt', {}, 'Audit'), make('dd', {}, make('a', { href: `#/audit?subject=${encodeURIComponent(u.id)}` }, 'What happened with this account'))),
  ],
  form,
  actions,
};

/** @param {User} u */
function state(u) {
  return [u.disabled ? badge('bad', 'ban', 'Disabled') : badge('good', 'check', 'Enabled'), u.fixed && badge('plain', 'lock', 'Built in')];
}

/** @param {User | null} u @param {Desk} desk @returns {import('./editing.js').Form} */
function form(u, { policy, person }) {
  const id = textField({ label: 'Name to sign in with', name: 'id', mono: true, missing: 'Give the account a name, such as anna.meier.', test: wrongWithID, hint: 'It cannot be changed later.' });
  const name = textField({ label: 'Name that others see', name: 'name', value: u?.displayName ?? '', missing: 'Write the person’s name.', hint: 'Colleagues and customers see it in calls.' });
  const roles = ticksField({
    legend: 'Roles', name: 'roles', value: u?.roles ?? (u ? [] : ['agent']),
    ...(u?.provider ? { hint: 'Beside those that come from the identity provider at each sign-in.' } : {}),
    options: policy.roles.filter((r) => r.forUsers).map((r) => ({ value: r.name, label: roleWord(r.name), description: r.description })),
  });
  return {
    element: make('div', {}, name.element, !u && id.element, roles.element, !u && make('p', { class: 'hint' }, 'A password is made and shown once after you create the account.')),
    fields: [name, ...(u ? [] : [id]), roles],
    body: () => ({ ...(u ?? { id: id.read(), disabled: false }), displayName: name.read(), roles: roles.read() }),
    warns: () => {
      if (!u || u.disabled || !lost(u.roles, roles.read())) return null;
      const name = u.displayName || u.id;
      const self = u.id === person.id && lost(['admin'], roles.read()) ? ['This is your own account: you lose these settings.'] : [];
      return { title: `Take roles from ${name}?`, text: [`${name} is signed out everywhere at once and has to sign in again. A call that runs breaks off.`, ...self], yes: 'Save', danger: true };
    },
    place: (message) => {
      if (!u && /\bid\b|taken|exists/i.test(message)) return id;
      if (/role/i.test(message)) return roles;
      return /name/i.test(message) ? name : null;
    },
  };
}

/** @param {User} u @param {Editing} editing @returns {import('./editing.js').Action[]} */
function actions(u, editing) {
  const { desk } = editing;
  const name = u.displayName || u.id;
  const self = u.id === desk.person.id ? ['This is your own account: you lose these settings.'] : [];
  const out = `${name} is signed out everywhere at once. A call that runs breaks off.`;
  const set = async (/** @type {boolean} */ disabled) => {
    editing.changed(await desk.api.users.update(u.id, { ...u, disabled }));
    desk.tell(disabled ? `Disabled ${name}.` : `Enabled ${name}.`);
  };
  const turn = u.disabled
    ? { label: 'Enable', icon: 'check', text: 'The person can sign in again.', run: () => set(false) }
    : {
        label: 'Disable', icon: 'ban', text: 'The person cannot sign in until you enable the account again.', run: () => set(true),
        question: async () => ({ title: `Disable ${name}?`, text: [out, `${name} cannot sign in until you enable the account again.`, ...self], yes: 'Disable', danger: true }),
      };
  const renew = {
    label: 'New password', icon: 'key', text: 'For a password that was forgotten or seen by others. The old one ends at once, and so do the person’s sessions.',
    question: async () => ({ title: `Make a new password for ${name}?`, text: ['The old password ends at once. You see the new one, and hand it over.', out], yes: 'Make a new password', danger: true }),
    run: async () => {
      const { item, secret } = await desk.api.renewPassword(u.id);
      editing.changed(item);
      editing.once(secret);
    },
  };
  const signOut = {
    label: 'Sign out everywhere', icon: 'leave', text: 'For a lost or stolen device. The person can sign in again at once.',
    question: async () => ({ title: `Sign ${name} out everywhere?`, text: [out, 'All devices have to sign in again.'], yes: 'Sign out everywhere', danger: true }),
    run: async () => {
      await desk.api.signOut(u.id);
      editing.changed(await desk.api.users.get(u.id));
      desk.tell(`${name} is signed out everywhere.`);
    },
  };
  return [turn, ...(u.provider ? [] : [renew]), signOut, {
    label: 'Delete', icon: 'bin', danger: true,
    text: u.provider ? 'The account is gone. Who may still sign in through the provider gets a new one: disable it to keep somebody out.' : 'The account is gone for good.',
    question: async () => ({ title: `Delete ${name}?`, text: [out, `${name} cannot sign in any more, and the roles given here are gone.`, ...self], yes: 'Delete', danger: true }),
    run: () => editing.remove(name),
  }];
}
