// @ts-check
/** What the page and the library know of rooms: seats, permissions, tokens, refusals, volumes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { controlsOf, ownControls } from '../../customer/controls.js';
import { patience } from '../../customer/early.js';
import { factor } from '../../customer/loudness.js';
import { Members, permits, readMember, readRoom } from '../../lib/members.js';
import { Moderation } from '../../lib/moderation.js';
import { RoomTokens, claimsOf } from '../../lib/room-token.js';
import { table } from '../../testbed/permissions.js';

/** A call as far as Members looks at it. */
class FakeCall extends EventTarget {
  /** @type {any[]} */
  people = [];
  /** @type {Record<string, string>} */
  metadata = {};
  /** @type {{ conferenceId: string, userEndpointId: string } | null} */
  seat = { conferenceId: 'c1', userEndpointId: 'me' };
  /** @type {((people: any[]) => void) | null} */
  complete = null;

  /** Shows it as Call does. @param {any} [event] */
  show(event = null) {
    this.people = this.people.map((p) => ({ ...p, streams: p.streams.map((/** @type {any} */ s) => ({ ...s })) }));
    this.complete?.(this.people);
    this.dispatchEvent(new CustomEvent('people', { detail: event }));
  }

  /** @param {string} id @param {object} seat @param {string} [by] */
  set(id, seat, by = id) {
    this.metadata = { ...this.metadata, [`MEMBER/${id}`]: JSON.stringify({ id, permissions: [], ...seat }) };
    this.show({ key: `MEMBER/${id}`, userEndpointId: by });
  }
}

/** @param {string} id @param {object} [more] */
const person = (id, more = {}) => ({ id, userId: id, name: id, self: id === 'me', customer: true, streams: [{ id: `s-${id}`, type: 'MIC_AND_CAM', audioMuted: false, videoMuted: false }], ...more });

/** @returns {{ call: FakeCall, members: Members, told: any[] }} */
function follow(/** @type {FakeCall} */ call = new FakeCall()) {
  const members = new Members(/** @type {any} */ (call));
  /** @type {any[]} */
  const told = [];
  members.addEventListener('change', (e) => told.push(/** @type {CustomEvent} */ (e).detail));
  return { call, members, told };
}

const go = readFileSync(new URL('../../../platform/wire/permission.go', import.meta.url), 'utf8');
const all = [...go.matchAll(/Permission = "(room\.[a-z_.]+)"/g)].map((m) => m[1] ?? '');

test('every permission but those of nothing yet stands behind a call, and every call of Moderation has one', () => {
  assert.equal(all.length, 44);
  const calls = [...Object.getOwnPropertyNames(Moderation.prototype).filter((n) => n !== 'constructor'), 'screenshare', 'additionalSource', 'startRecording', 'play', 'seekPlayback', 'startStream'];
  const none = calls.filter((call) => !all.some((p) => permits([p], call, true)));
  assert.deepEqual(none, []);
  const unused = all.filter((p) => !calls.some((call) => permits([p], call, true)));
  assert.deepEqual(unused, []);
  assert.equal(permits(['room.self.audio_mute'], 'muteAudio', false), false);
  assert.equal(permits(['room.member.audio_mute'], 'muteAudio', true), true);
  assert.equal(permits(['room.undefined'], 'nothing', true), false);
});

/** The controls that somebody with these permissions is shown. @param {string[]} permissions @param {import('../../testbed/permissions.js').Row} [given] */
function controls(permissions, given = { shows: [] }) {
  const { call, members } = follow();
  call.people = ['me', 'ben', 'dora', 'agent'].map((id) => person(id, { customer: id !== 'agent' }));
  call.metadata.ROOM = JSON.stringify({ name: 'standup', locked: false, positions: {}, ...given.room });
  call.set('me', { permissions, ...given.own });
  call.set('ben', given.others ?? {});
  call.set('dora', { role: 'audience', ...given.others });
  assert.deepEqual(controlsOf(members, 'agent'), []); // who has no seat is nobody of the room's
  return [
    ...ownControls(members).map((c) => `own ${c}`), ...controlsOf(members, 'ben').map((c) => `member ${c}`), ...controlsOf(members, 'dora').map((c) => `audience ${c}`),
  ];
}

test('each permission shows its controls and no others', () => {
  assert.deepEqual(Object.keys(table).sort(), [...all].sort());
  for (const [permission, row] of Object.entries(table)) {
    const { shows, also = [] } = row;
    assert.deepEqual(controls([permission, ...also], row).sort(), [...shows].sort(), permission);
    assert.deepEqual(controls(also, row), also.flatMap((p) => table[p]?.shows ?? []), `without ${permission}`);
  }
  assert.deepEqual(controls([]), []);
});

test('the audience has no controls of who speaks, whatever its seat says', () => {
  const shown = controls(all, { shows: [], own: { role: 'audience' } }).filter((c) => c.startsWith('own'));
  assert.deepEqual(shown.filter((c) => /Audio|Video$|setInput|screenshare|Source|Position/.test(c) && !/VideoMuted/.test(c)), []);
});

test('a place that the room gave is changed by the room\'s call, where it may be', () => {
  const both = ['room.set_position', 'room.member.set_position'];
  const at = (/** @type {object} */ room) => controls(both, { shows: [], room }).filter((c) => /Position/.test(c));
  assert.deepEqual(at({}), ['own setMemberPosition', 'member setMemberPosition']);
  assert.deepEqual(at({ positions: { ben: 'reserved-1' } }), ['own setMemberPosition', 'member setPositions']);
});

test('who waits for a room looks less and less often, and not all at once', () => {
  const looks = [0, 1, 2, 3, 4, 5, 500].map((n) => patience(n, () => 0.5));
  assert.deepEqual(looks, [2_000, 4_000, 8_000, 15_000, 30_000, 30_000, 30_000]);
  assert.deepEqual([patience(9, () => 0), patience(9, () => 1)], [22_500, 37_500]);
});

test('seats are true, whatever their holders say of themselves', () => {
  const { call, members } = follow();
  call.people = [person('me'), person('ben', { name: 'Director' })];
  call.set('ben', { name: 'Ben', audioMuted: true });
  const ben = call.people[1];
  assert.deepEqual([ben.name, ben.streams[0].audioMuted, ben.streams[0].videoMuted], ['Ben', true, false]);
  members.close();
  call.show();
  assert.equal(call.complete, null);
});

test('a change is told of once, with one\'s seat before and who did it', () => {
  const { call, members, told } = follow();
  call.people = [person('me'), person('anna', { name: 'Anna' })];
  call.set('me', { role: 'member' });
  call.set('me', { role: 'member', audioMuted: true }, 'anna');
  call.show();
  assert.deepEqual(told.map((t) => [t.before?.audioMuted, t.by]), [[undefined, ''], [false, 'Anna']]);
  assert.equal(members.own?.audioMuted, true);
  call.metadata = {};
  call.show({ key: 'MEMBER/me', userEndpointId: 'me' });
  assert.equal(members.own, null);
  assert.equal(told.length, 3);
});

test('who may do what', () => {
  const { call, members } = follow();
  call.people = [person('me'), person('ben'), person('agent', { customer: false })];
  assert.equal(members.may('muteAudio'), false); // a guest without a seat
  call.set('me', { permissions: ['room.self.audio_mute', 'room.member.video_mute', 'room.lock'] });
  call.set('ben', {});
  assert.deepEqual(['muteAudio', 'unmuteAudio', 'muteVideo', 'lock', 'unlock'].map((c) => members.may(c)), [true, false, true, true, false]);
  assert.deepEqual(['muteAudio', 'muteVideo'].map((c) => members.may(c, 'ben')), [false, true]);
  assert.equal(members.may('muteVideo', 'agent'), false); // nobody of the room's
  const agent = follow();
  agent.call.people = [person('me', { customer: false }), person('ben')];
  agent.call.show();
  assert.equal(agent.members.may('removeMember', 'ben'), true);
});

test('what is no seat and no room is none', () => {
  for (const text of ['', '{', 'null', '[]', '7', '{}', '{"id":7}', '{"name":null}']) {
    assert.equal(readMember(text), null, text);
    assert.equal(readRoom(text), null, text);
  }
  const odd = readMember('{"id":"e1","role":"king","permissions":["a",7],"audioMuted":"yes","inputVolume":"loud","handRaisedAt":"never","meta":[],"mediaAllowed":"none"}');
  assert.deepEqual([odd?.role, odd?.permissions, odd?.audioMuted, odd?.inputVolume, odd?.handRaisedAt, odd?.meta, odd?.mediaAllowed], ['member', ['a'], false, 0, null, {}, 'all']);
});

test('a token is read, and what is none is not', async () => {
  const token = (/** @type {unknown} */ claims) => `e30.${Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims)).toString('base64url')}.c2ln`;
  const claims = claimsOf(token({
    jti: 'j', sub: 'room-x', exp: 2_000_000_000, user_name: 'Δώρα', join_as: 'audience', join_until: '2030-01-01T00:00:00Z', join_from: '2029-01-01T00:00:00Z',
    media_allowed: 'audio-only', room: { name: 'a', display_name: 'Ä', scopes: ['room.lock'] },
  }));
  assert.deepEqual(claims, {
    room: 'a', displayName: 'Ä', userId: 'room-x', name: 'Δώρα', role: 'audience', permissions: ['room.lock'], mediaAllowed: 'audio-only', audioMuted: false, videoMuted: false,
    joinFrom: Date.UTC(2029, 0), joinUntil: Date.UTC(2030, 0), id: 'j',
  });
  assert.equal(claimsOf(token({ jti: 'j', user_name: 'XYZ', user_name_drawn: true, room: { name: 'a' } }))?.name, '');
  for (const none of ['', 'a', 'a.b.c', token('{'), token('null'), token({}), token({ jti: 'j' }), token({ jti: 'j', room: { name: 7 } })]) assert.equal(claimsOf(none), null, none);
  const tokens = new RoomTokens('t', /** @type {any} */ (claims));
  assert.deepEqual([await tokens.token(), await tokens.holder()], ['t', { userId: 'room-x', conferenceId: 'a' }]);
});

test('volumes are factors', () => {
  assert.deepEqual([-100, -50, 0, 50].map(factor), [0, 0.1, 1, 10]);
});
