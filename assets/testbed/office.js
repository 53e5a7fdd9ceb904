// @ts-check
/**
 * The settings API and the token endpoints played by hand, as the server
 * behaves: versions and conflicts, secrets told once, filters of the audit log,
 * refresh tokens good for one use. It knows no browser; desk.js connects them.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { policy, seed } from './office-seed.js';

/** @typedef {{ status: number, body?: any }} Answer */
/** @typedef {{ method: string, path: string, query: URLSearchParams, body: any, token: string }} Call */

/** @param {number} status @param {string} code @param {string} message @returns {Answer} */
const refuse = (status, code, message) => ({ status, body: { code, message } });
const missing = refuse(404, 'not_found', 'there is no such thing');
const word = () => randomBytes(12).toString('base64url');

/** Office is one organization's settings. */
export class Office {
  /** @type {Record<'applications' | 'users' | 'providers', any[]>} */
  rows;
  /** @type {any[]} */
  keys;
  /** @type {any[]} the newest first */
  log;
  /** Whether the person who is signed in has the role. */
  administrator = true;
  /** @type {any} what a trial answers */
  trial = { ok: true, steps: [{ name: 'Address', ok: true, detail: '' }] };
  /** @type {Record<string, Answer>} what a call answers instead, by "METHOD path", once */
  instead = {};
  /** @type {Call[]} */
  calls = [];
  /** @type {Set<string>} access tokens that are good */
  tokens = new Set();
  #refresh = '';
  /** @type {Map<string, { challenge: string, nonce: string }>} */
  codes = new Map();
  issued = 0;

  constructor() {
    const { keys, log, ...rows } = seed();
    this.rows = rows;
    this.keys = keys;
    this.log = log;
  }

  /** A refresh token of a session that began before. */
  session() {
    this.#refresh = word();
    return this.#refresh;
  }

  /** Ends the session, as another administrator may. */
  expel() {
    this.tokens.clear();
    this.#refresh = '';
  }

  /** The token endpoint. @param {URLSearchParams} form @param {(verifier: string) => string} challengeOf @returns {Answer} */
  grant(form, challengeOf) {
    const refused = (/** @type {string} */ why) => ({ status: 400, body: { error: 'invalid_grant', error_description: why } });
    if (form.get('client_id') !== 'guichet-admin') return { status: 401, body: { error: 'invalid_client' } };
    let nonce = '';
    if (form.get('grant_type') === 'authorization_code') {
      const code = this.codes.get(form.get('code') ?? '');
      this.codes.delete(form.get('code') ?? '');
      if (!code || challengeOf(form.get('code_verifier') ?? '') !== code.challenge) return refused('the code is not known');
      nonce = code.nonce;
    } else if (!this.#refresh || form.get('refresh_token') !== this.#refresh) {
      this.expel();
      return refused('the refresh token was used already');
    }
    const token = `access-${++this.issued}`;
    this.tokens.add(token);
    this.#refresh = word();
    const claims = Buffer.from(JSON.stringify({ sub: 'admin1', name: 'Ada Lindqvist', ...(nonce ? { nonce } : {}) })).toString('base64url');
    return { status: 200, body: { access_token: token, refresh_token: this.#refresh, id_token: `e30.${claims}.c2ln`, token_type: 'bearer', expires_in: 600, scope: 'openid profile any', jti: word(), sub: 'admin1' } };
  }

  /** /api/admin/… @param {Call} call @returns {Answer} */
  answer(call) {
    this.calls.push(call);
    const key = `${call.method} ${call.path}`;
    const instead = this.instead[key];
    if (instead) {
      delete this.instead[key];
      return instead;
    }
    if (!this.tokens.has(call.token)) return refuse(401, 'unauthorized', 'the token is not valid');
    if (!this.administrator) return refuse(403, 'forbidden', 'only administrators may do this');
    const [kind = '', id, verb] = call.path.split('/');
    if (kind === 'policy') return { status: 200, body: policy };
    if (kind === 'audit') return this.#audit(call.query);
    if (kind === 'keys') return id === 'rotate' ? this.#rotate(call.body.compromised) : { status: 200, body: { items: this.keys } };
    const rows = this.rows[/** @type {'users'} */ (kind)];
    if (!rows) return missing;
    if (id === undefined) return call.method === 'GET' ? { status: 200, body: { items: rows.length ? rows : null } } : this.#create(kind, rows, call.body);
    const row = rows.find((r) => r.id === decodeURIComponent(id));
    if (!row) return missing;
    if (verb) return this.#verb(row, verb);
    if (call.method === 'GET') return { status: 200, body: row };
    if (row.fixed) return refuse(403, 'forbidden', 'this is built in and cannot be changed');
    if (call.method === 'DELETE') {
      rows.splice(rows.indexOf(row), 1);
      return { status: 204 };
    }
    if (call.body.version !== row.version) return refuse(409, 'conflict', 'somebody else changed this meanwhile: load it anew');
    if (kind === 'users' && this.#lastAdministrator(row, call.body)) return refuse(409, 'conflict', 'nobody else is an administrator: make somebody one first');
    Object.assign(row, this.#checked(kind, call.body), { id: row.id, version: row.version + 1 });
    this.note(kind.slice(0, -1), { subject: row.id });
    return { status: 200, body: row };
  }

  /** @param {any} row @param {any} to */
  #lastAdministrator(row, to) {
    const administers = (/** @type {any} */ u) => !u.disabled && u.roles.includes('admin');
    return administers(row) && !administers(to) && !this.rows.users.some((u) => u !== row && administers(u));
  }

  /** Adds a line to the audit log. @param {string} event @param {object} [more] */
  note(event, more = {}) {
    const seq = (this.log[0]?.seq ?? 0) + 1;
    this.log.unshift({ seq, time: new Date().toISOString(), event, refused: false, actor: 'admin1', address: '192.0.2.7', ...more });
  }

  /** @param {string} kind @param {any[]} rows @param {any} body @returns {Answer} */
  #create(kind, rows, body) {
    if (rows.some((r) => r.id === body.id)) return refuse(409, 'conflict', 'this name is taken already');
    if (kind === 'providers') body.id = randomUUID();
    const row = { ...this.#checked(kind, body), created: new Date().toISOString(), fixed: false, version: 1 };
    if (kind === 'providers') row.redirectUri = `https://guichet.test/sign-in/callback/${row.id}`;
    rows.unshift(row);
    this.note(kind.slice(0, -1), { subject: row.id, detail: 'added' });
    if (kind === 'users') return { status: 201, body: { user: row, password: word() } };
    if (kind === 'providers') return { status: 201, body: row };
    return { status: 201, body: { application: row, ...(row.public ? {} : { secret: word() }) } };
  }

  /** @param {string} kind @param {any} body */
  #checked(kind, { clientSecret, ...body }) {
    return kind === 'providers' ? { ...body, hasSecret: body.hasSecret || Boolean(clientSecret) } : body;
  }

  /** @param {any} row @param {string} verb @returns {Answer} */
  #verb(row, verb) {
    if (verb === 'try') return { status: 200, body: this.trial };
    row.version++;
    if (verb === 'secret') return { status: 200, body: { application: row, secret: word() } };
    if (verb === 'password') return { status: 200, body: { user: row, password: word() } };
    return { status: 204 };
  }

  /** @param {boolean} compromised @returns {Answer} */
  #rotate(compromised) {
    const now = new Date();
    const key = (/** @type {string} */ state) => ({ id: word() + word(), algorithm: 'RS256', state, created: now.toISOString(), signs: now.toISOString() });
    if (compromised) {
      this.keys = [key('next'), key('signing')];
      this.tokens.clear();
    } else {
      for (const k of this.keys) {
        if (k.state === 'signing') Object.assign(k, { state: 'retired', removed: new Date(now.getTime() + 900_000).toISOString() });
        else if (k.state === 'next') k.state = 'signing';
      }
      this.keys.unshift(key('next'));
    }
    this.note('key', { detail: compromised ? 'compromised' : 'rotated' });
    return { status: 200, body: { items: this.keys } };
  }

  /** @param {URLSearchParams} q @returns {Answer} */
  #audit(q) {
    const texts = (/** @type {any} */ e) => [e.event, e.actor, e.client, e.subject, e.tokenId, e.address, e.detail].join(' ').toLowerCase();
    const found = this.log.filter((e) =>
      (!q.has('from') || e.time >= /** @type {string} */ (q.get('from'))) &&
      (!q.has('before') || e.seq < Number(q.get('before'))) &&
      (q.get('refused') !== 'true' || e.refused) &&
      ['event', 'actor', 'client', 'subject'].every((name) => !q.has(name) || e[name] === q.get(name)) &&
      (!q.has('text') || texts(e).includes(/** @type {string} */ (q.get('text')).toLowerCase())));
    const items = found.slice(0, Number(q.get('limit') ?? 100));
    const next = found.length > items.length ? items.at(-1).seq : 0;
    return { status: 200, body: { items, ...(next ? { next } : {}) } };
  }
}
