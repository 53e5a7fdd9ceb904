// @ts-check
/**
 * What may be done to the members of a room and to the room, call by call. Each
 * takes the permission of its name; Members.may tells whether it is there. What
 * is refused throws an APIError: "forbidden" without the permission,
 * "not_available" for what the server cannot do yet. An endpoint left out means
 * oneself.
 */

const CONFERENCES = '/rtc-api/conferences';

/** @typedef {import('./members.js').Role} Role */
/**
 * @typedef {object} Promotion
 * @property {string[]} [permissions] all that the new member may do
 * @property {object} [meta]
 * @property {boolean} [joinAudioMuted]
 * @property {boolean} [joinVideoMuted]
 * @property {'all' | 'audio-only' | 'video-only'} [mediaAllowed]
 */

/** Moderation acts in the name of one call's side. */
export class Moderation {
  #call;

  /** @param {import('./call.js').Call} call */
  constructor(call) {
    this.#call = call;
  }

  /** Nothing said passes the server. @param {string} [endpoint] */
  muteAudio(endpoint) {
    return this.#member('muteAudio', endpoint);
  }

  /** @param {string} [endpoint] */
  unmuteAudio(endpoint) {
    return this.#member('unmuteAudio', endpoint);
  }

  /** No picture passes the server. @param {string} [endpoint] */
  muteVideo(endpoint) {
    return this.#member('muteVideo', endpoint);
  }

  /** @param {string} [endpoint] */
  unmuteVideo(endpoint) {
    return this.#member('unmuteVideo', endpoint);
  }

  /** No sound reaches the member. @param {string} [endpoint] */
  deaf(endpoint) {
    return this.#member('deaf', endpoint);
  }

  /** @param {string} [endpoint] */
  undeaf(endpoint) {
    return this.#member('undeaf', endpoint);
  }

  /** How loud the others hear the member. @param {number} volume -50 to 50 @param {string} [endpoint] */
  setInputVolume(volume, endpoint) {
    return this.#member('setInputVolume', endpoint, { volume });
  }

  /** How loud the member hears the others. @param {number} volume -50 to 50 @param {string} [endpoint] */
  setOutputVolume(volume, endpoint) {
    return this.#member('setOutputVolume', endpoint, { volume });
  }

  /** What quieter sound the server drops. @param {number} value 0, everything passes, to 100 @param {string} [endpoint] */
  setInputSensitivity(value, endpoint) {
    return this.#member('setInputSensitivity', endpoint, { value });
  }

  /** @param {string} position auto, off-canvas, reserved, reserved-N, standard or standard-N @param {string} [endpoint] */
  setMemberPosition(position, endpoint) {
    return this.#member('setMemberPosition', endpoint, { position });
  }

  /** Replaces the meta. @param {object} meta @param {string} [endpoint] */
  setMemberMeta(meta, endpoint) {
    return this.#member('setMemberMeta', endpoint, { meta });
  }

  /** Replaces those members of the meta that are named. @param {object} meta @param {string} [endpoint] */
  updateMemberMeta(meta, endpoint) {
    return this.#member('updateMemberMeta', endpoint, { meta });
  }

  /** @param {string[]} keys @param {string} [endpoint] */
  deleteMemberMeta(keys, endpoint) {
    return this.#member('deleteMemberMeta', endpoint, { keys });
  }

  /** @param {string} [endpoint] */
  raiseHand(endpoint) {
    return this.#member('raiseHand', endpoint);
  }

  /** @param {string} [endpoint] */
  lowerHand(endpoint) {
    return this.#member('lowerHand', endpoint);
  }

  /** Takes a member out of the room; its token does not let it in again while the session lasts. @param {string} endpoint @param {string} [reason] */
  removeMember(endpoint, reason) {
    return this.#member('removeMember', endpoint, reason ? { reason } : {});
  }

  /** Takes everybody out but this side and staff. @param {string} [reason] */
  removeAllMembers(reason) {
    return this.#room('removeAllMembers', reason ? { reason } : {});
  }

  /** Makes somebody of the audience a member. @param {string} endpoint @param {Promotion} [promotion] */
  promote(endpoint, promotion = {}) {
    return this.#member('promote', endpoint, promotion);
  }

  /** Makes a member one of the audience; what it sends ends. @param {string} endpoint @param {Pick<Promotion, 'mediaAllowed'>} [demotion] */
  demote(endpoint, demotion = {}) {
    return this.#member('demote', endpoint, demotion);
  }

  /** Nobody but staff may join any more. */
  lock() {
    return this.#room('lock');
  }

  unlock() {
    return this.#room('unlock');
  }

  /** Members without a picture are left out. */
  hideVideoMuted() {
    return this.#room('hideVideoMuted');
  }

  showVideoMuted() {
    return this.#room('showVideoMuted');
  }

  /** Raised hands come first. @param {boolean} on */
  setPrioritizeHandraise(on) {
    return this.#room('setPrioritizeHandraise', { on });
  }

  /** The names of the layouts. @returns {Promise<string[]>} */
  async layouts() {
    const { conferenceId } = this.#seat;
    const answer = /** @type {{ layouts?: string[] } | undefined} */ (await this.#call.rest.get(`${CONFERENCES}/${encodeURIComponent(conferenceId)}/layouts`));
    return answer?.layouts ?? [];
  }

  /** @param {string} name @param {Record<string, string>} [positions] by endpoint */
  setLayout(name, positions) {
    return this.#room('setLayout', positions ? { name, positions } : { name });
  }

  /** Places members in the layout; those who are not named go where there is room. @param {Record<string, string>} positions by endpoint */
  setPositions(positions) {
    return this.#room('setPositions', { positions });
  }

  /** Replaces the room's meta. @param {object} meta */
  setRoomMeta(meta) {
    return this.#room('setRoomMeta', { meta });
  }

  /** Replaces those members of the room's meta that are named. @param {object} meta */
  updateRoomMeta(meta) {
    return this.#room('updateRoomMeta', { meta });
  }

  /** @param {string[]} keys */
  deleteRoomMeta(keys) {
    return this.#room('deleteRoomMeta', { keys });
  }

  get #seat() {
    const { seat } = this.#call;
    if (!seat) throw new Error('this side is in no conference now');
    return seat;
  }

  /** @param {string} call @param {string} [endpoint] @param {object} [more] */
  async #member(call, endpoint, more = {}) {
    await this.#call.rest.post(`${CONFERENCES}/${call}`, { ...this.#seat, ...(endpoint ? { targetUserEndpointId: endpoint } : {}), ...more });
  }

  /** @param {string} call @param {object} [more] */
  async #room(call, more = {}) {
    await this.#call.rest.post(`${CONFERENCES}/${call}`, { ...this.#seat, ...more });
  }
}
