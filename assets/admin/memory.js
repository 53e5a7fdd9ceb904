// @ts-check
/** What a tab remembers over a reload and over the way to the sign-in page and back. */

/** @typedef {{ refresh: string, lock: string, person: import('./session.js').Person }} Kept */
/** @typedef {{ state: string, nonce: string, verifier: string, hash: string }} Attempt */

/** Memory is the tab's own storage, where the browser allows it. */
export class Memory {
  #session;
  #attempt;

  /** @param {string} client whose session it is */
  constructor(client) {
    this.#session = `${client}.session`;
    this.#attempt = `${client}.attempt`;
  }

  /** The session before the reload. @returns {Kept | null} */
  session() {
    const { refresh, lock, person } = /** @type {any} */ (take(this.#session) ?? {});
    if (typeof refresh !== 'string' || typeof lock !== 'string' || typeof person?.id !== 'string' || typeof person.name !== 'string') return null;
    return { refresh, lock, person: { id: person.id, name: person.name } };
  }

  /** @param {Kept} session */
  keep(session) {
    put(this.#session, session);
  }

  forget() {
    drop(this.#session);
  }

  /** Remembers a sign-in that begins; false where nothing can be stored. @param {Attempt} attempt */
  begin(attempt) {
    return put(this.#attempt, attempt);
  }

  /** The sign-in that began in this tab, once. @returns {Attempt | null} */
  end() {
    const { state, nonce, verifier, hash } = /** @type {any} */ (take(this.#attempt) ?? {});
    drop(this.#attempt);
    if (typeof state !== 'string' || typeof nonce !== 'string' || typeof verifier !== 'string') return null;
    return { state, nonce, verifier, hash: typeof hash === 'string' && hash.startsWith('#/') ? hash : '' };
  }
}

/** @param {string} key @returns {unknown} */
function take(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {string} key @param {object} value */
function put(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} key */
function drop(key) {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // There is nothing to remove where nothing can be stored.
  }
}
