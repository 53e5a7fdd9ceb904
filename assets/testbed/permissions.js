// @ts-check
/**
 * What each permission of a room shows in the page, for the tests. A control is
 * named by where it stands (own: the bar and the panel of More; member and
 * audience: the menu of such a person) and the call that it makes.
 */

/**
 * @typedef {object} Row
 * @property {string[]} shows all controls that are there with the permission
 * @property {string[]} [also] what else it takes, which shows something of its own
 * @property {object} [own] what is so of one's own seat before
 * @property {object} [others] and of everybody else's
 * @property {object} [room] and of the room
 */

/** @param {...string} calls */
const own = (...calls) => calls.map((c) => `own ${c}`);
/** @param {string} call */
const member = (call) => [`own ${call}`, `member ${call}`];
/** @param {string} call */
const anybody = (call) => [...member(call), `audience ${call}`];
const raised = { handRaisedAt: '2026-01-02T03:04:05.060Z' };
/** Programs use these; the page has no control for them. @type {Row} */
const programs = { shows: [] };

/** @type {Record<string, Row>} */
export const table = {
  'room.self.audio_mute': { shows: own('muteAudio') },
  'room.self.audio_unmute': { shows: own('unmuteAudio'), own: { audioMuted: true } },
  'room.self.video_mute': { shows: own('muteVideo') },
  'room.self.video_unmute': { shows: own('unmuteVideo'), own: { videoMuted: true } },
  'room.self.deaf': { shows: own('deaf') },
  'room.self.undeaf': { shows: own('undeaf'), own: { deaf: true } },
  'room.self.set_input_volume': { shows: own('setInputVolume') },
  'room.self.set_output_volume': { shows: own('setOutputVolume') },
  'room.self.set_input_sensitivity': { shows: own('setInputSensitivity') },
  'room.self.set_position': { shows: own('setMemberPosition') },
  'room.self.set_meta': programs,
  'room.self.raisehand': { shows: own('raiseHand') },
  'room.self.lowerhand': { shows: own('lowerHand'), own: raised },
  'room.self.screenshare': { shows: own('screenshare') },
  'room.self.additional_source': { shows: own('additionalSource') },

  'room.member.audio_mute': { shows: member('muteAudio') },
  'room.member.audio_unmute': { shows: member('unmuteAudio'), own: { audioMuted: true }, others: { audioMuted: true } },
  'room.member.video_mute': { shows: member('muteVideo') },
  'room.member.video_unmute': { shows: member('unmuteVideo'), own: { videoMuted: true }, others: { videoMuted: true } },
  'room.member.deaf': { shows: anybody('deaf') },
  'room.member.undeaf': { shows: anybody('undeaf'), own: { deaf: true }, others: { deaf: true } },
  'room.member.set_input_volume': { shows: member('setInputVolume') },
  'room.member.set_output_volume': { shows: anybody('setOutputVolume') },
  'room.member.set_input_sensitivity': { shows: member('setInputSensitivity') },
  'room.member.set_position': { shows: member('setMemberPosition') },
  'room.member.set_meta': programs,
  'room.member.raisehand': { shows: anybody('raiseHand') },
  'room.member.lowerhand': { shows: anybody('lowerHand'), own: raised, others: raised },
  'room.member.remove': { shows: [...own('removeAllMembers'), 'member removeMember', 'audience removeMember'] },
  'room.member.promote': { shows: ['audience promote'] },
  'room.member.demote': { shows: ['member demote'] },

  'room.list_available_layouts': { shows: own('setLayout', 'layouts'), also: ['room.set_layout'] },
  'room.set_layout': { shows: own('setLayout') },
  'room.set_position': { shows: member('setPositions') },
  'room.set_meta': programs,
  'room.hide_video_muted': { shows: own('hideVideoMuted') },
  'room.show_video_muted': { shows: own('showVideoMuted'), room: { hideVideoMuted: true } },
  'room.lock': { shows: own('lock') },
  'room.unlock': { shows: own('unlock'), room: { locked: true } },
  'room.prioritize_handraise': { shows: own('setPrioritizeHandraise') },
  'room.recording': programs,
  'room.playback': programs,
  'room.playback_seek': programs,
  'room.stream': programs,
};
