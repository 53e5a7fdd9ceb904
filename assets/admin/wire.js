// @ts-check
/**
 * The bodies of /api/admin/, as platform/wire publishes them, and the readers
 * that check an answer once, at the border. A list that the server leaves out
 * or sends as null is empty; unknown members are ignored.
 */

/** @typedef {{ name: string, description: string }} Word */
/** @typedef {Word & { scopes: string[], forUsers: boolean }} Role */
/** @typedef {{ roles: Role[], scopes: Word[], grants: Word[], events: string[] }} Policy */
/**
 * @typedef {object} Application
 * @property {string} id
 * @property {string} name
 * @property {boolean} public
 * @property {string[]} roles
 * @property {string[]} scopes
 * @property {string[]} grants
 * @property {string[]} redirectUris
 * @property {string[]} postLogoutRedirectUris
 * @property {boolean} allowBasic
 * @property {boolean} allowQuery
 * @property {boolean} pkceOptional
 * @property {boolean} disabled
 * @property {boolean} fixed
 * @property {Date | null} created
 * @property {number} version
 */
/**
 * @typedef {object} User
 * @property {string} id
 * @property {string} displayName
 * @property {string[]} roles
 * @property {string[]} providerRoles
 * @property {string} provider
 * @property {string} subject
 * @property {boolean} disabled
 * @property {boolean} fixed
 * @property {Date | null} created
 * @property {number} version
 */
/** @typedef {{ claim: string, value: string, role: string }} Mapping */
/**
 * @typedef {object} Provider
 * @property {string} id
 * @property {string} name
 * @property {'oidc' | 'genesys'} kind
 * @property {boolean} enabled
 * @property {string} issuer
 * @property {string} region
 * @property {string} organizationId
 * @property {string} clientId
 * @property {boolean} hasSecret
 * @property {string} scope
 * @property {Record<string, string>} parameters
 * @property {boolean} pkce
 * @property {string[]} roles
 * @property {Mapping[]} mappings
 * @property {string} redirectUri
 * @property {Date | null} created
 * @property {number} version
 */
/** @typedef {{ ok: boolean, steps: { name: string, ok: boolean, detail: string }[] }} Trial */
/** @typedef {{ id: string, algorithm: string, state: string, created: Date | null, signs: Date | null, removed: Date | null }} Key */
/**
 * @typedef {object} Entry
 * @property {number} seq
 * @property {Date | null} time
 * @property {string} event
 * @property {boolean} refused
 * @property {string} actor
 * @property {string} client
 * @property {string} subject
 * @property {string} tokenId
 * @property {string} address
 * @property {string} detail
 */

/** WireError tells that an answer does not have the published shape. */
export class WireError extends Error {
  /** @param {string} member @param {string} want */
  constructor(member, want) {
    super(`${member}: want ${want}`);
    this.name = 'WireError';
  }
}

/** Body gives the members of one JSON object, checked. */
class Body {
  #members;

  /** @param {unknown} value @param {string} name */
  constructor(value, name) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new WireError(name, 'an object');
    this.#members = /** @type {Record<string, unknown>} */ (value);
  }
  /** @param {string} name */
  any(name) {
    return this.#members[name] ?? null;
  }
  /** @param {string} name */
  text(name) {
    const value = this.any(name) ?? '';
    if (typeof value !== 'string') throw new WireError(name, 'a string');
    return value;
  }
  /** @param {string} name */
  id(name) {
    const value = this.text(name);
    if (value === '') throw new WireError(name, 'an id');
    return value;
  }
  /** @param {string} name */
  flag(name) {
    return this.any(name) === true;
  }
  /** @param {string} name */
  number(name) {
    const value = this.any(name) ?? 0;
    if (!Number.isSafeInteger(value)) throw new WireError(name, 'a whole number');
    return /** @type {number} */ (value);
  }
  /** The zero time of the server stands for none. @param {string} name */
  instant(name) {
    const text = this.text(name);
    if (text === '' || text.startsWith('0001-')) return null;
    const value = new Date(text);
    if (Number.isNaN(value.getTime())) throw new WireError(name, 'an instant');
    return value;
  }
  /** @template T @param {string} name @param {(value: unknown) => T} read @returns {T[]} */
  list(name, read) {
    const value = this.any(name) ?? [];
    if (!Array.isArray(value)) throw new WireError(name, 'a list');
    return value.map(read);
  }
  /** @param {string} name */
  texts(name) {
    return this.list(name, (value) => {
      if (typeof value !== 'string') throw new WireError(name, 'strings');
      return value;
    });
  }
}

/** @param {unknown} value @returns {Word} */
function readWord(value) {
  const b = new Body(value, 'word');
  return { name: b.id('name'), description: b.text('description') };
}

/** @param {unknown} value @returns {Policy} */
export function readPolicy(value) {
  const b = new Body(value, 'policy');
  return {
    roles: b.list('roles', (role) => {
      const r = new Body(role, 'role');
      return { ...readWord(role), scopes: r.texts('scopes'), forUsers: r.flag('forUsers') };
    }),
    scopes: b.list('scopes', readWord),
    grants: b.list('grants', readWord),
    events: b.texts('events'),
  };
}

/** @param {unknown} value @returns {Application} */
export function readApplication(value) {
  const b = new Body(value, 'application');
  return {
    id: b.id('id'), name: b.text('name'), public: b.flag('public'),
    roles: b.texts('roles'), scopes: b.texts('scopes'), grants: b.texts('grants'),
    redirectUris: b.texts('redirectUris'), postLogoutRedirectUris: b.texts('postLogoutRedirectUris'),
    allowBasic: b.flag('allowBasic'), allowQuery: b.flag('allowQuery'), pkceOptional: b.flag('pkceOptional'),
    disabled: b.flag('disabled'), fixed: b.flag('fixed'), created: b.instant('created'), version: b.number('version'),
  };
}

/** @param {unknown} value */
export function readApplicationSecret(value) {
  const b = new Body(value, 'application secret');
  return { item: readApplication(b.any('application')), secret: b.text('secret') };
}

/** @param {unknown} value @returns {User} */
export function readUser(value) {
  const b = new Body(value, 'user');
  return {
    id: b.id('id'), displayName: b.text('displayName'), roles: b.texts('roles'), providerRoles: b.texts('providerRoles'),
    provider: b.text('provider'), subject: b.text('subject'), disabled: b.flag('disabled'), fixed: b.flag('fixed'),
    created: b.instant('created'), version: b.number('version'),
  };
}

/** @param {unknown} value */
export function readUserPassword(value) {
  const b = new Body(value, 'user password');
  return { item: readUser(b.any('user')), secret: b.id('password') };
}

/** @param {unknown} value @returns {Provider} */
export function readProvider(value) {
  const b = new Body(value, 'provider');
  const parameters = new Body(b.any('parameters') ?? {}, 'parameters');
  return {
    id: b.id('id'), name: b.text('name'), kind: b.text('kind') === 'genesys' ? 'genesys' : 'oidc', enabled: b.flag('enabled'),
    issuer: b.text('issuer'), region: b.text('region'), organizationId: b.text('organizationId'),
    clientId: b.text('clientId'), hasSecret: b.flag('hasSecret'), scope: b.text('scope'),
    parameters: Object.fromEntries(Object.keys(b.any('parameters') ?? {}).map((name) => [name, parameters.text(name)])),
    pkce: b.flag('pkce'), roles: b.texts('roles'),
    mappings: b.list('mappings', (mapping) => {
      const m = new Body(mapping, 'mapping');
      return { claim: m.text('claim'), value: m.text('value'), role: m.text('role') };
    }),
    redirectUri: b.text('redirectUri'), created: b.instant('created'), version: b.number('version'),
  };
}

/** @param {unknown} value @returns {Trial} */
export function readTrial(value) {
  const b = new Body(value, 'trial');
  return {
    ok: b.flag('ok'),
    steps: b.list('steps', (step) => {
      const s = new Body(step, 'step');
      return { name: s.text('name'), ok: s.flag('ok'), detail: s.text('detail') };
    }),
  };
}

/** @param {unknown} value @returns {Key} */
export function readKey(value) {
  const b = new Body(value, 'key');
  return {
    id: b.id('id'), algorithm: b.text('algorithm'), state: b.text('state'),
    created: b.instant('created'), signs: b.instant('signs'), removed: b.instant('removed'),
  };
}

/** @param {unknown} value @returns {Entry} */
export function readEntry(value) {
  const b = new Body(value, 'entry');
  return {
    seq: b.number('seq'), time: b.instant('time'), event: b.id('event'), refused: b.flag('refused'),
    actor: b.text('actor'), client: b.text('client'), subject: b.text('subject'), tokenId: b.text('tokenId'),
    address: b.text('address'), detail: b.text('detail'),
  };
}

/**
 * The envelope of all lists; next is 0 at the end.
 * @template T @param {unknown} value @param {(value: unknown) => T} read
 */
export function readList(value, read) {
  const b = new Body(value, 'list');
  return { items: b.list('items', read), next: b.number('next') };
}
