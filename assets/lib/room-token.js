// @ts-check
/**
 * A room token as it is read and used here. What it says is read without a
 * check, only to show the right page; what it allows is the server's to decide.
 */

/**
 * @typedef {object} Claims
 * @property {string} room its name, which stands for the conference's id
 * @property {string} displayName of the room
 * @property {string} userId
 * @property {string} name of the holder, "" when nobody chose one
 * @property {import('./members.js').Role} role
 * @property {string[]} permissions
 * @property {'all' | 'audio-only' | 'video-only'} mediaAllowed what the holder receives
 * @property {boolean} audioMuted on joining
 * @property {boolean} videoMuted on joining
 * @property {number} joinFrom milliseconds, 0 for no bound
 * @property {number} joinUntil milliseconds, Infinity for no bound
 * @property {string} id the token's
 */

/** What a token says, null when it is none. @param {string} token @returns {Claims | null} */
export function claimsOf(token) {
  try {
    const part = token.split('.')[1] ?? '';
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const c = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof c.room?.name !== 'string' || typeof c.jti !== 'string') return null;
    const at = (/** @type {unknown} */ v, /** @type {number} */ none) => Date.parse(String(v)) || none;
    const exp = typeof c.exp === 'number' ? c.exp * 1000 : Infinity;
    return {
      room: c.room.name, displayName: String(c.room.display_name || c.room.name), userId: String(c.sub ?? ''),
      name: c.user_name_drawn ? '' : String(c.user_name ?? ''), role: c.join_as === 'audience' ? 'audience' : 'member',
      permissions: Array.isArray(c.room.scopes) ? c.room.scopes : [],
      mediaAllowed: c.media_allowed === 'audio-only' || c.media_allowed === 'video-only' ? c.media_allowed : 'all',
      audioMuted: c.join_audio_muted === true, videoMuted: c.join_video_muted === true,
      joinFrom: at(c.join_from, 0), joinUntil: Math.min(at(c.join_until, Infinity), exp), id: c.jti,
    };
  } catch {
    return null;
  }
}

/** RoomTokens is what Call takes in place of a ticket: one token, which is never renewed. */
export class RoomTokens extends EventTarget {
  #claims;

  /** @param {string} token @param {Claims} claims */
  constructor(token, claims) {
    super();
    this.current = token;
    this.#claims = claims;
  }

  async token() {
    return this.current;
  }

  async holder() {
    return { userId: this.#claims.userId, conferenceId: this.#claims.room };
  }

  /** There is no other. */
  reject() {}

  close() {}
}
