// @ts-check
/** The form of one identity provider. */
import { make } from './dom.js';
import { choiceField, textField, tickField, ticksField } from './fields.js';
import { rowsField } from './rows.js';
import { roleWord } from './words.js';

/** @typedef {import('./wire.js').Provider} Provider */

const regions = [
  'mypurecloud.com', 'mypurecloud.ie', 'mypurecloud.de', 'mypurecloud.jp', 'mypurecloud.com.au', 'usw2.pure.cloud', 'cac1.pure.cloud',
  'euw2.pure.cloud', 'euc2.pure.cloud', 'aps1.pure.cloud', 'apne2.pure.cloud', 'apne3.pure.cloud', 'sae1.pure.cloud', 'mec1.pure.cloud',
];

/** @param {string} issuer */
function wrongIssuer(issuer) {
  const url = URL.canParse(issuer) ? new URL(issuer) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return 'Write the whole address, such as https://login.example.org.';
  if (url.search || url.hash) return 'Leave out what follows “?” or “#”.';
  if (issuer.endsWith('/.well-known/openid-configuration')) return 'Leave out “/.well-known/openid-configuration”.';
  return '';
}

/** @param {string} region */
const wrongRegion = (region) => (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(region) ? '' : 'Write the domain only, such as mypurecloud.de.');

/** @param {Provider | null} p @param {import('./desk.js').Desk} desk @returns {import('./editing.js').Form} */
export function form(p, { policy }) {
  const userRoles = policy.roles.filter((r) => r.forUsers);
  const kind = choiceField({
    legend: 'Kind', name: 'kind', value: 'oidc',
    options: [
      { value: 'oidc', label: 'OpenID', description: 'Any OpenID Connect provider: Entra ID, Keycloak, Okta, Google and others.' },
      { value: 'genesys', label: 'Genesys Cloud', description: 'Agents of one Genesys Cloud organization.' },
    ],
  });
  const isGenesys = () => (p ? p.kind === 'genesys' : kind.read() === 'genesys');
  const name = textField({ label: 'Name', name: 'name', value: p?.name ?? '', missing: 'Give it the name that people look for on the sign-in page.', hint: 'Stands on its button on the sign-in page.' });
  const issuer = textField({ label: 'Issuer', name: 'issuer', type: 'url', mono: true, value: p?.issuer ?? '', missing: 'Write the provider’s address.', test: wrongIssuer, hint: 'The provider’s documentation calls it issuer or authority.' });
  const region = textField({ label: 'Region', name: 'region', mono: true, value: p?.region ?? '', missing: 'Write the domain of your region.', test: wrongRegion, suggestions: regions, hint: 'What follows “apps.” in the address of Genesys Cloud.' });
  const organization = textField({ label: 'Organization ID', name: 'organization', mono: true, value: p?.organizationId ?? '', missing: 'Write your organization’s id: without it everybody with a Genesys account could sign in.', hint: 'Genesys Cloud shows it under Account settings, Organization details.' });
  const client = textField({ label: 'Client ID', name: 'client', mono: true, value: p?.clientId ?? '', missing: 'Write the client id that the provider gave you.' });
  const secret = textField({ label: 'Client secret', name: 'secret', type: 'password', mono: true, hint: p?.hasSecret ? 'One is stored. Leave this empty to keep it.' : 'The provider shows it when you register this server there.' });
  const scope = textField({ label: 'Scope', name: 'scope', mono: true, value: p?.scope ?? 'openid profile', hint: 'What is asked for, words with spaces between.' });
  const pkce = tickField({ name: 'pkce', label: 'PKCE', value: p?.pkce ?? true, hint: 'Keeps a stolen code from being used. Turn it off only for a provider that refuses it.' });
  const parameters = rowsField({
    legend: 'More parameters', name: 'parameters', row: 'Parameter', add: 'Add a parameter', hint: 'Added to the request that opens the provider’s sign-in page, such as prompt or domain_hint.',
    columns: [{ key: 'name', label: 'Name' }, { key: 'value', label: 'Value' }],
    value: Object.entries(p?.parameters ?? {}).map(([n, value]) => ({ name: n, value })),
  });
  const roles = ticksField({
    legend: 'Roles of everybody', name: 'roles', value: p?.roles ?? [], hint: 'Whoever signs in through this provider has these.',
    options: userRoles.map((r) => ({ value: r.name, label: roleWord(r.name), description: r.description })),
  });
  const mappings = rowsField({
    legend: 'Roles by what the provider tells', name: 'mappings', row: 'Rule', add: 'Add a rule',
    hint: 'A rule gives a role to people of whom a claim has a value: claim groups, value service-desk, role Agent. Parts of a claim are written with dots.',
    columns: [{ key: 'claim', label: 'Claim' }, { key: 'value', label: 'Value' }, { key: 'role', label: 'Role', options: userRoles.map((r) => ({ value: r.name, label: roleWord(r.name) })) }],
    value: p?.mappings.map((m) => ({ ...m })) ?? [],
  });

  const oidc = make('div', {}, issuer.element);
  const genesys = make('div', {}, region.element, organization.element);
  const asked = make('details', { class: 'field' }, make('summary', {}, 'What is asked of the provider'), scope.element, make('div', { class: 'ticks' }, pkce.element), parameters.element);
  const element = make('div', {}, !p && kind.element, name.element, oidc, genesys, client.element, secret.element, roles.element, mappings.element, asked);
  const follow = () => {
    oidc.hidden = isGenesys();
    genesys.hidden = !isGenesys();
    // Genesys Cloud keeps the scope itself.
    scope.element.hidden = isGenesys();
  };
  element.addEventListener('change', follow);
  follow();

  const sealed = {
    ...secret,
    check: () => {
      const missing = !p?.hasSecret && secret.read() === '' && (isGenesys() || !pkce.read());
      secret.problem(missing ? (isGenesys() ? 'Write the secret: Genesys Cloud wants one.' : 'Write the secret, or turn PKCE on below: without both a stolen code could be used.') : '');
      return !missing;
    },
  };
  /** Fields of the other kind need not be right. @param {import('./fields.js').Field<string>} field @param {boolean} of */
  const only = (field, of) => ({ ...field, check: () => isGenesys() !== of || field.check() });
  return {
    element,
    fields: [...(p ? [] : [kind]), name, only(issuer, false), only(region, true), only(organization, true), client, sealed, roles, mappings, opened(asked, scope), pkce, opened(asked, parameters)],
    body: () => ({
      ...(p ?? { kind: kind.read(), enabled: false }),
      name: name.read(),
      ...(isGenesys() ? { region: region.read(), organizationId: organization.read() } : { issuer: issuer.read() }),
      clientId: client.read(), scope: isGenesys() ? '' : scope.read(), pkce: pkce.read(), roles: roles.read(), mappings: mappings.read(),
      ...(secret.read() ? { clientSecret: secret.read() } : {}),
      parameters: Object.fromEntries(parameters.read().map((row) => [row.name ?? '', row.value ?? ''])),
    }),
    place: (message) => {
      const places = /** @type {[RegExp, import('./fields.js').Field<any>][]} */ ([
        [/issuer/i, issuer], [/region/i, region], [/organi[sz]ation/i, organization], [/secret/i, secret], [/client/i, client], [/parameter/i, opened(asked, parameters)],
        [/scope/i, opened(asked, scope)], [/claim|mapping/i, mappings], [/role/i, roles], [/name/i, name],
      ]);
      return places.find(([word]) => word.test(message))?.[1] ?? null;
    },
  };
}

/**
 * A field inside a part that may be folded; it unfolds to take the focus.
 * @template V @param {HTMLDetailsElement} part @param {import('./fields.js').Field<V>} field @returns {import('./fields.js').Field<V>}
 */
function opened(part, field) {
  return {
    ...field,
    focus: () => {
      part.open = true;
      field.focus();
    },
  };
}
