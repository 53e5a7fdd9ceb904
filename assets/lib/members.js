// @ts-check
/**
 * The seats of a room and its settings, which the server keeps in the
 * conference's metadata, and what this side may do about them. An ordinary call
 * has them too as soon as an agent mutes somebody there.
 */

/** @typedef {'member' | 'audience'} Role */
/**
 * One endpoint's seat. The mutes are the server's: nothing of the member passes.
 * @typedef {object} Member
 * @property {string} id the endpoint's
 * @property {string} name
 * @property {Role} role
 * @property {string[]} permissions such as room.self.audio_mute
 * @property {boolean} audioMuted
 * @property {boolean} videoMuted
 * @property {boolean} deaf nothing is heard
 * @property {number} inputVolume -50 to 50, applied by whoever hears the member
 * @property {number} outputVolume -50 to 50, applied by the member
 * @property {number} sensitivity 0 to 100
 * @property {string} position in the layout, "" for any
 * @property {Date | null} handRaisedAt null: the hand is down
 * @property {Record<string, unknown>} meta
 * @property {'all' | 'audio-only' | 'video-only'} mediaAllowed what it receives
 * @property {Date | null} removeAt when the server removes it
 */
/**
 * @typedef {object} RoomState
 * @property {string} name
 * @property {string} displayName
 * @property {string} sessionId the conference
 * @property {Record<string, unknown>} meta
 * @property {boolean} locked
 * @property {string} layout
 * @property {Record<string, string>} positions by endpoint
 * @property {boolean} hideVideoMuted
 * @property {boolean} prioritizeHandraise
 * @property {boolean} syncAudioVideo
 * @property {boolean} previews
 * @property {number} maxMembers 0: no bound of its own
 */

const PREFIX = 'MEMBER/';
const ROOM = 'ROOM';

/** @type {Record<string, string>} the permission after room.self. and room.member. for each call */
const onMembers = {
  muteAudio: 'audio_mute', unmuteAudio: 'audio_unmute', muteVideo: 'video_mute', unmuteVideo: 'video_unmute', deaf: 'deaf', undeaf: 'undeaf',
  setInputVolume: 'set_input_volume', setOutputVolume: 'set_output_volume', setInputSensitivity: 'set_input_sensitivity',
  setMemberPosition: 'set_position', setMemberMeta: 'set_meta', updateMemberMeta: 'set_meta', deleteMemberMeta: 'set_meta',
  raiseHand: 'raisehand', lowerHand: 'lowerhand', removeMember: 'remove', removeAllMembers: 'remove', promote: 'promote', demote: 'demote',
};
/** @type {Record<string, string>} the permission after room. for each call */
const onRoom = {
  lock: 'lock', unlock: 'unlock', hideVideoMuted: 'hide_video_muted', showVideoMuted: 'show_video_muted', setPrioritizeHandraise: 'prioritize_handraise',
  setLayout: 'set_layout', setPositions: 'set_position', layouts: 'list_available_layouts', setRoomMeta: 'set_meta', updateRoomMeta: 'set_meta',
  deleteRoomMeta: 'set_meta', startRecording: 'recording', play: 'playback', seekPlayback: 'playback_seek', startStream: 'stream',
  screenshare: 'self.screenshare', additionalSource: 'self.additional_source',
};

/**
 * Whether a holder of permissions may make a call.
 * @param {readonly string[]} permissions
 * @param {string} call such as muteAudio, or screenshare and additionalSource
 * @param {boolean} [self] to oneself
 */
export function permits(permissions, call, self = false) {
  const on = onMembers[call];
  if (on) return permissions.includes(`room.member.${on}`) || (self && permissions.includes(`room.self.${on}`));
  const name = onRoom[call];
  return name !== undefined && permissions.includes(`room.${name}`);
}

/**
 * Members reports "change" (detail: { before: Member | null, by: string }, one's
 * own seat before and the name of who changed it, "" for oneself or the server)
 * after every change of a seat or the room.
 */
export class Members extends EventTarget {
  #call;
  /** @type {Map<string, { text: string, member: Member | null }>} by endpoint */
  #seats = new Map();
  #text = '';
  /** @type {{ before: Member | null } | null} what was read and not told of yet */
  #news = null;
  /** @type {RoomState | null} the room's settings, null in an ordinary call */
  room = null;
  #ending = new AbortController();

  /** @param {import('./call.js').Call} call */
  constructor(call) {
    super();
    this.#call = call;
    call.complete = (people) => this.#complete(people);
    const { signal } = this.#ending;
    call.addEventListener('people', (e) => this.#changed(/** @type {CustomEvent} */ (e).detail), { signal });
    this.#complete(call.people);
    this.#news = null; // whoever makes this looks at all of it
  }

  /** One's own seat, null while there is none: then nothing is forbidden, and nothing may be done to others. */
  get own() {
    return this.of(this.#call.seat?.userEndpointId ?? '');
  }

  /** An endpoint's seat, or null. @param {string} endpoint */
  of(endpoint) {
    return this.#seats.get(endpoint)?.member ?? null;
  }

  /**
   * Whether this side may make a call, named as Moderation names it, to somebody;
   * screenshare and additionalSource are such names too. An agent without a seat
   * may do everything, and to everybody.
   * @param {string} call @param {string} [endpoint] oneself when left out
   */
  may(call, endpoint = '') {
    const me = this.#call.seat?.userEndpointId ?? '';
    const { own } = this;
    const self = endpoint === '' || endpoint === me;
    if (!own) return this.#call.people.some((p) => p.self && !p.customer);
    return (self || this.of(endpoint) !== null) && permits(own.permissions, call, self);
  }

  /** Stops following. */
  close() {
    this.#ending.abort();
    this.#call.complete = null;
  }

  /** @param {import('./wire.js').Event | null} event */
  #changed(event) {
    const news = this.#news;
    this.#news = null;
    if (!news) return;
    const me = this.#call.seat?.userEndpointId;
    const mine = event?.key === PREFIX + me && event?.userEndpointId !== me;
    const by = (mine && this.#call.people.find((p) => p.id === event?.userEndpointId)?.name) || '';
    this.dispatchEvent(new CustomEvent('change', { detail: { ...news, by } }));
  }

  /** Takes in what the metadata says; returns whether it is anything new. */
  #read() {
    const { metadata } = this.#call;
    let news = false;
    for (const [key, text] of Object.entries(metadata)) {
      const id = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : '';
      if (!id || this.#seats.get(id)?.text === text) continue;
      this.#seats.set(id, { text, member: readMember(text) });
      news = true;
    }
    for (const id of this.#seats.keys()) {
      if (metadata[PREFIX + id] !== undefined) continue;
      this.#seats.delete(id);
      news = true;
    }
    const text = metadata[ROOM] ?? '';
    if (text === this.#text) return news;
    this.#text = text;
    this.room = readRoom(text);
    return true;
  }

  /** A seat's name and mutes are true, whatever the member says of itself. @param {import('./people.js').Person[]} people */
  #complete(people) {
    const before = this.own;
    if (this.#read()) this.#news ??= { before };
    for (const person of people) {
      const member = this.of(person.id);
      if (!member) continue;
      person.name = member.name || person.name;
      for (const stream of person.streams) {
        stream.audioMuted ||= member.audioMuted;
        stream.videoMuted ||= member.videoMuted;
      }
    }
  }
}

/** @param {Record<string, string>} metadata of a conference */
export const hasSeats = (metadata) => Object.keys(metadata).some((key) => key === ROOM || key.startsWith(PREFIX));

/** Reads a seat, null when it is none. @param {string} text @returns {Member | null} */
export function readMember(text) {
  const o = parse(text);
  if (typeof o?.id !== 'string') return null;
  return {
    id: o.id, name: word(o.name), role: o.role === 'audience' ? 'audience' : 'member', permissions: words(o.permissions),
    audioMuted: o.audioMuted === true, videoMuted: o.videoMuted === true, deaf: o.deaf === true,
    inputVolume: count(o.inputVolume), outputVolume: count(o.outputVolume), sensitivity: count(o.sensitivity), position: word(o.position),
    handRaisedAt: instant(o.handRaisedAt), meta: object(o.meta),
    mediaAllowed: o.mediaAllowed === 'audio-only' || o.mediaAllowed === 'video-only' ? o.mediaAllowed : 'all', removeAt: instant(o.removeAt),
  };
}

/** Reads a room's settings, null when they are none. @param {string} text @returns {RoomState | null} */
export function readRoom(text) {
  const o = parse(text);
  if (typeof o?.name !== 'string') return null;
  const positions = Object.entries(object(o.positions)).filter(([, p]) => typeof p === 'string');
  return {
    name: o.name, displayName: word(o.displayName) || o.name, sessionId: word(o.sessionId), meta: object(o.meta), locked: o.locked === true,
    layout: word(o.layout), positions: /** @type {Record<string, string>} */ (Object.fromEntries(positions)),
    hideVideoMuted: o.hideVideoMuted === true, prioritizeHandraise: o.prioritizeHandraise === true, syncAudioVideo: o.syncAudioVideo === true,
    previews: o.previews === true, maxMembers: count(o.maxMembers),
  };
}

/** @param {string} text */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? /** @type {Record<string, unknown>} */ (value) : null;
  } catch {
    return null;
  }
}

const word = (/** @type {unknown} */ v) => (typeof v === 'string' ? v : '');
const count = (/** @type {unknown} */ v) => (typeof v === 'number' && Number.isFinite(v) ? v : 0);
const words = (/** @type {unknown} */ v) => (Array.isArray(v) ? v.filter((w) => typeof w === 'string') : []);
const object = (/** @type {unknown} */ v) => /** @type {Record<string, unknown>} */ (typeof v === 'object' && v !== null && !Array.isArray(v) ? v : {});

/** @param {unknown} v */
function instant(v) {
  const at = new Date(typeof v === 'string' ? v : NaN);
  return Number.isNaN(at.getTime()) ? null : at;
}
