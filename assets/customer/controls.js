// @ts-check
/**
 * Which controls the page shows, by the names of Moderation's calls that they
 * make; pure. What has no control here (meta, recording, playback, streams) is
 * for programs. The server refuses what is not permitted all the same.
 */

/** @typedef {import('../lib/members.js').Members} Members */

/** What may be set about who speaks; about the audience the first alone. */
const SETTINGS = ['setOutputVolume', 'setInputVolume', 'setInputSensitivity'];

/** Which of two calls does the other thing than what is. @param {boolean | undefined} is @param {string} back @param {string} forth */
const toggle = (is, back, forth) => (is ? back : forth);

/** What one may do about oneself and the room now. @param {Members} members */
export function ownControls(members) {
  const { own, room } = members;
  const calls = [];
  if (own) {
    calls.push(toggle(own.handRaisedAt !== null, 'lowerHand', 'raiseHand'), toggle(own.deaf, 'undeaf', 'deaf'), 'setOutputVolume');
    if (own.role === 'member') {
      calls.push(toggle(own.audioMuted, 'unmuteAudio', 'muteAudio'), toggle(own.videoMuted, 'unmuteVideo', 'muteVideo'), 'setInputVolume', 'setInputSensitivity', 'screenshare', 'additionalSource');
    }
  }
  if (room) {
    calls.push(toggle(room.locked, 'unlock', 'lock'), toggle(room.hideVideoMuted, 'showVideoMuted', 'hideVideoMuted'), 'setPrioritizeHandraise', 'setLayout', 'removeAllMembers');
    if (members.may('setLayout')) calls.push('layouts'); // whose names the menu has
  }
  return calls.filter((call) => members.may(call)).concat(placing(members, ''));
}

/** What one may do to somebody now, in the order of the menu. @param {Members} members @param {string} id the endpoint */
export function controlsOf(members, id) {
  const member = members.of(id);
  const watches = member?.role === 'audience';
  const calls = watches ? ['promote'] : [toggle(member?.audioMuted, 'unmuteAudio', 'muteAudio'), toggle(member?.videoMuted, 'unmuteVideo', 'muteVideo')];
  calls.push(toggle(member?.deaf, 'undeaf', 'deaf'));
  if (member) calls.push(toggle(member.handRaisedAt !== null, 'lowerHand', 'raiseHand'));
  if (!watches) calls.push('demote');
  calls.push('removeMember');
  if (member) calls.push(...(watches ? SETTINGS.slice(0, 1) : SETTINGS));
  return calls.filter((call) => members.may(call, id)).concat(placing(members, id));
}

/**
 * The call that gives somebody their place in the layout, if there is one: the
 * room's own word about places counts before the member's.
 * @param {Members} members @param {string} id "" for oneself
 */
function placing(members, id) {
  const { own, room } = members;
  const member = id ? members.of(id) : own;
  if (!room || member?.role !== 'member') return [];
  const calls = ['setMemberPosition', 'setPositions'].filter((call) => members.may(call, id));
  return (room.positions[member.id] ? calls.reverse() : calls).slice(0, 1);
}

/** Where somebody stands, as a place that can be chosen. @param {Members} members @param {string} id */
export function placeOf(members, id) {
  const place = members.room?.positions[id] || members.of(id)?.position || '';
  return place === 'off-canvas' ? place : /^reserved(-1)?$/.test(place) ? 'reserved-1' : 'auto';
}
