// @ts-check
/** Applications: programs that get tokens. */
import { make } from './dom.js';
import { choiceField, linesField, textField, tickField, ticksField } from './fields.js';
import { wrongWith, wrongWithID } from './redirects.js';
import { timeOf } from './time.js';
import { badge, grantWord, lost, roleWord, rolesWord } from './words.js';

/** @typedef {import('./wire.js').Application} Application */
/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./editing.js').Editing<Application>} Editing */

const SERVER = 'client_credentials';
const CODE = 'authorization_code';

/** @type {import('./editing.js').Kind<Application>} */
export const applications = {
  path: 'applications',
  title: 'Applications',
  lead: 'Programs that may call this server, alone or for the people who sign in with them.',
  one: 'application',
  add: 'New application',
  empty: { title: 'No applications yet', text: 'A program of yours needs one before it can call this server.' },
  secret: { what: 'secret', then: 'Put it into the program’s settings.' },
  of: (desk) => desk.api.applications,
  name: (a) => a.name || a.id,
  text: (a) => [a.name, a.id, rolesWord(a.roles), a.public ? 'public' : 'secret', a.disabled ? 'disabled' : 'enabled', a.fixed ? 'built in' : '', ...a.grants.map(grantWord)].join(' '),
  columns: [
    { label: 'Name', cell: () => null },
    { label: 'ID', cell: (a) => make('span', { class: 'mono' }, a.id) },
    { label: 'Roles', cell: (a) => rolesWord(a.roles) || make('span', { class: 'quiet none' }, '–') },
    { label: 'Gets tokens by', cell: (a) => a.grants.map(grantWord).join(', ') || make('span', { class: 'quiet none' }, '–') },
    { label: 'State', cell: state },
  ],
  fixed: (a) => (a.fixed ? 'This application belongs to the server itself or to its development mode. You can look at it; only the server’s own program changes it.' : ''),
  facts: (a) => [
    make('p', { class: 'badges' }, ...state(a)),
    make('dl', { class: 'pairs' },
      make('dt', {}, 'ID'), make('dd', { class: 'mono' }, a.id),
      make('dt', {}, 'Proves itself'), make('dd', {}, a.public ? 'By PKCE only: it is public and has no secret' : 'By its secret'),
      make('dt', {}, 'Created'), make('dd', {}, timeOf(a.created)),
      make('dt', {}, 'Audit'), make('dd', {}, make('a', { href: `#/audit?client=${encodeURIComponent(a.id)}` }, 'What it did'))),
  ],
  form,
  actions,
};

/** @param {Application} a */
function state(a) {
  return [
    a.disabled ? badge('bad', 'ban', 'Disabled') : badge('good', 'check', 'Enabled'),
    a.public && badge('plain', 'globe', 'Public'),
    a.fixed && badge('plain', 'lock', 'Built in'),
  ];
}

/** @param {Application | null} a @param {Desk} desk @returns {import('./editing.js').Form} */
function form(a, { policy }) {
  const id = textField({ label: 'ID', name: 'id', mono: true, missing: 'Give it an id, such as tellers-desktop.', test: wrongWithID, hint: 'The program sends it as client_id. It cannot be changed later.' });
  const kind = choiceField({
    legend: 'Where does it run?', name: 'kind', value: 'secret',
    options: [
      { value: 'secret', label: 'On a server of yours', description: 'It can keep a secret, which is made now and shown once.' },
      { value: 'public', label: 'On people’s devices or in their browsers', description: 'It cannot keep a secret. It is public and proves itself by PKCE.' },
    ],
  });
  const isPublic = () => (a ? a.public : kind.read() === 'public');
  const name = textField({ label: 'Name', name: 'name', value: a?.name ?? '', missing: 'Give it a name that people know it by.' });
  const roles = ticksField({
    legend: 'Roles', name: 'roles', value: a?.roles ?? [], hint: 'What it may do in its own name.',
    options: policy.roles.map((r) => ({ value: r.name, label: roleWord(r.name), description: r.description })),
  });
  const grants = ticksField({
    legend: 'How it gets tokens', name: 'grants', value: a?.grants ?? [SERVER], missing: 'Choose at least one, or it can do nothing.',
    options: policy.grants.map((g) => ({ value: g.name, label: grantWord(g.name), description: g.description })),
    note: (grant) => (isPublic() && grant === SERVER ? { text: 'It has no secret to do this with.', off: true } : null),
  });
  const scopes = ticksField({
    legend: 'Scopes', name: 'scopes', value: a?.scopes ?? ['any'], missing: 'Choose at least one; “any” is all that its roles permit.',
    hint: 'What it may ask for. What a token can do is what both its scopes and its roles permit.',
    options: policy.scopes.map((s) => ({ value: s.name, label: s.name, description: s.description })),
    note: (scope) => {
      const chosen = roles.read();
      const governing = policy.roles.filter((r) => r.scopes.includes(scope));
      if (scope === 'any' && chosen.length === 0 && grants.read().includes(SERVER)) return { text: 'In its own name it has no role, so this permits it nothing. Choose a role above.' };
      if (chosen.length === 0 || governing.length === 0 || governing.some((r) => chosen.includes(r.name))) return null;
      return { text: `Not permitted by the roles chosen above. ${rolesWord(governing.map((r) => r.name))} would.` };
    },
  });
  const redirects = linesField({
    label: 'Redirect addresses', name: 'redirects', value: a?.redirectUris ?? [], test: wrongWith,
    hint: 'Where people come back to after signing in, one per line. They must match to the letter.',
  });
  const logouts = linesField({ label: 'Addresses after signing out', name: 'logouts', value: a?.postLogoutRedirectUris ?? [], test: wrongWith, hint: 'One per line.' });
  const basic = tickField({ name: 'allow-basic', label: 'HTTP Basic on the API', value: a?.allowBasic ?? false, hint: 'Its id and secret instead of a token. For old clients only: the secret then travels with every request.' });
  const query = tickField({ name: 'allow-query', label: 'Secret in the address', value: a?.allowQuery ?? false, hint: 'For old clients only: addresses end in logs, and the secret with them.' });
  const pkce = tickField({ name: 'pkce-optional', label: 'Codes without PKCE', value: a?.pkceOptional ?? false, hint: 'For old clients only: a stolen code can then be used by its thief.' });

  const signsIn = make('div', {}, redirects.element, logouts.element);
  const old = make('details', { class: 'field', open: Boolean(a && (a.allowBasic || a.allowQuery || a.pkceOptional)) }, make('summary', {}, 'For old clients'), make('div', { class: 'ticks' }, basic.element, query.element, pkce.element));
  const element = make('div', {}, name.element, !a && id.element, !a && kind.element, grants.element, signsIn, roles.element, scopes.element, old);
  const follow = () => {
    grants.refresh();
    scopes.refresh();
    signsIn.hidden = !grants.read().includes(CODE) && redirects.read().length === 0 && logouts.read().length === 0;
    old.hidden = isPublic();
  };
  element.addEventListener('change', follow);
  follow();
  // Without an address to come back to nobody can sign in.
  const complete = {
    ...redirects,
    check: () => {
      if (!redirects.check()) return false;
      const missing = grants.read().includes(CODE) && redirects.read().length === 0;
      if (missing) redirects.problem('People who sign in need an address to come back to.');
      return !missing;
    },
  };
  return {
    element,
    fields: [name, ...(a ? [] : [id, kind]), grants, complete, logouts, roles, scopes, basic, query, pkce],
    body: () => ({
      ...(a ?? { id: id.read(), public: isPublic(), disabled: false }),
      name: name.read(), roles: roles.read(), scopes: scopes.read(), grants: grants.read(),
      redirectUris: redirects.read(), postLogoutRedirectUris: logouts.read(),
      allowBasic: !isPublic() && basic.read(), allowQuery: !isPublic() && query.read(), pkceOptional: !isPublic() && pkce.read(),
    }),
    warns: () => {
      if (!a || a.disabled || ![[a.roles, roles], [a.scopes, scopes], [a.grants, grants]].some(([before, now]) => lost(/** @type {string[]} */ (before), /** @type {import('./fields.js').Field<string[]>} */ (now).read()))) return null;
      return { title: `Take rights from ${a.name || a.id}?`, text: ['It may do less than before, so the tokens that it has end at once. It gets new ones by itself; people who are signed in with it may have to sign in again.'], yes: 'Save', danger: true };
    },
    place: (message) => {
      if (!a && /\bid\b|taken|exists/i.test(message)) return id;
      if (/logout|signing out/i.test(message)) return logouts;
      if (/redirect|URI/i.test(message)) return redirects;
      if (/scope/i.test(message)) return scopes;
      if (/role/i.test(message)) return roles;
      if (/grant/i.test(message)) return grants;
      return null;
    },
  };
}

/** What stops when an application gets no tokens any more. @param {Application} a */
function stops(a) {
  const name = a.name || a.id;
  return [
    a.grants.includes(SERVER) && `${name} gets no tokens any more, and those it has end at once: what it does by itself stops.`,
    a.grants.includes(CODE) && `People cannot sign in with ${name} any more. Who is signed in with it is out at once, and calls break off.`,
    a.grants.some((g) => g.endsWith(':device_code')) && 'Devices that were enrolled with it stop.',
    a.grants.includes('password') && 'Guests who redeem tickets with it cannot join calls.',
    a.allowBasic && 'Its requests with HTTP Basic are refused at once.',
  ].filter((s) => s !== false);
}

/** @param {Application} a @param {Editing} editing @returns {import('./editing.js').Action[]} */
function actions(a, editing) {
  const { desk } = editing;
  const name = a.name || a.id;
  const set = async (/** @type {boolean} */ disabled) => {
    editing.changed(await desk.api.applications.update(a.id, { ...a, disabled }));
    desk.tell(disabled ? `Disabled ${name}.` : `Enabled ${name}.`);
  };
  const turn = a.disabled
    ? { label: 'Enable', icon: 'check', text: 'It gets tokens again, with the same secret.', run: () => set(false) }
    : {
        label: 'Disable', icon: 'ban', text: 'It gets no tokens until you enable it again. Nothing is lost.', run: () => set(true),
        question: async () => ({ title: `Disable ${name}?`, text: [...stops(a), 'You can enable it again at any time.'], yes: 'Disable', danger: true }),
      };
  const renew = {
    label: 'New secret', icon: 'key', text: 'For a secret that was lost or seen by others. The old one ends at once.',
    question: async () => ({ title: `Make a new secret for ${name}?`, text: ['The old secret ends at once: the program cannot get tokens until it has the new one.'], yes: 'Make a new secret', danger: true }),
    run: async () => {
      const { item, secret } = await desk.api.renewSecret(a.id);
      editing.changed(item);
      editing.once(secret);
    },
  };
  return [turn, ...(a.public ? [] : [renew]), {
    label: 'Delete', icon: 'bin', danger: true, text: 'It is gone for good, and its id may be given to another.',
    question: async () => ({ title: `Delete ${name}?`, text: [...stops(a), 'It cannot be brought back: a new one would have another secret.'], yes: 'Delete', danger: true }),
    run: () => editing.remove(name),
  }];
}
