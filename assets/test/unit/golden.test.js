// @ts-check
/** Every golden file of platform/wire has its JavaScript side: a reader, or the call that writes it. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { API } from '../../lib/api.js';
import { apply } from '../../lib/conference.js';
import { readMember, readRoom } from '../../lib/members.js';
import { Moderation } from '../../lib/moderation.js';
import {
  EventType, LeftReason, endpointTopic, readChatMessage, readChatMessages, readConference, readEndpointID, readError, readEvent, readICEServers, readInvitation, readSDPAnswer,
  readSummary, readToken, trackMuted,
} from '../../lib/wire.js';

const folder = new URL('../../../platform/wire/testdata/', import.meta.url);
const files = readdirSync(folder).filter((f) => f.endsWith('.json'));
const golden = (/** @type {string} */ name) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));

/** Files whose bodies only agents, administrators, other programs or the command line meet. */
const foreign = [
  /^(create|update)-(conference|stream-metadata)$/, /^conference-entry$/, /^endpoint$/, /^ready$/,
  /^(create-)?ticket$/, /^(create-)?room-(links|token)$/, /^validation-errors$/, /^write-room$/, /^video-/,
  /(^|-)call(-|$)/, /^event-ice-candidates-found$/, // one-to-one calls
  /interaction/, /file/, /snapshot/, /^transcript$/,
];

/** What an error need not have. */
const plain = { reason: '', notBefore: null, now: null };

/** @type {Record<string, (value: any) => void>} */
const readers = {
  conference: (v) => assert.deepEqual(readConference(v), v),
  'conference-empty': (v) => assert.deepEqual(readConference(v), v),
  summary: (v) => assert.deepEqual(readSummary(v), v),
  invitation: (v) => assert.deepEqual(readInvitation(v), { ...v, opensAt: null, now: null }),
  'invitation-early': (v) => assert.deepEqual(readInvitation(v), { ...v, opensAt: Date.parse(v.opensAt), now: Date.parse(v.now) }),
  'ice-servers': (v) => assert.deepEqual(readICEServers(v), v.iceServers),
  'registered-endpoint': (v) => assert.equal(readEndpointID(v), v),
  'published-stream': (v) => assert.equal(readSDPAnswer(v), v.sdpAnswer),
  'viewed-stream': (v) => assert.equal(readSDPAnswer(v), v.sdpAnswer),
  'chat-message': (v) => assert.deepEqual(readChatMessage(v), { ...v, timestamp: new Date(v.timestamp) }),
  'chat-messages': (v) =>
    assert.deepEqual(readChatMessages(v), { ...v, messages: v.messages.map((/** @type {any} */ m) => ({ ...m, timestamp: new Date(m.timestamp) })) }),
  error: (v) => assert.deepEqual(readError(v), { ...plain, ...v }),
  'error-gone': (v) => assert.deepEqual(readError(v), { ...plain, ...v }),
  'error-early': (v) => assert.deepEqual(readError(v), { ...v, notBefore: Date.parse(v.notBefore), now: Date.parse(v.now) }),
  'token-error': (v) => assert.deepEqual(readError(v), { ...plain, code: v.error, message: v.error_description }),
  'left-reasons': (v) => assert.deepEqual(Object.values(LeftReason), v),
  member: (v) => assert.deepEqual(readMember(JSON.stringify(v)), { ...v, handRaisedAt: new Date(v.handRaisedAt), removeAt: new Date(v.removeAt) }),
  'member-audience': (v) => assert.deepEqual(readMember(JSON.stringify(v)), { position: '', ...v, handRaisedAt: null, removeAt: null }),
  room: (v) => assert.deepEqual(readRoom(JSON.stringify(v)), v),
  token: (v) =>
    assert.deepEqual(readToken(v), {
      accessToken: v.access_token, refreshToken: v.refresh_token, expiresIn: v.expires_in, userId: v.sub, conferenceId: v.conference_id,
    }),
};

/** @type {Record<string, (api: API, body: any) => Promise<unknown>>} */
const calls = {
  'register-endpoint': (api, body) => api.registerEndpoint(body),
  keepalive: (api, body) => api.keepAlive(body),
  'unregister-endpoint': (api, body) => api.unregisterEndpoint(body),
  'join-conference': (api, body) => api.join(body),
  'leave-conference': (api, body) => api.leave(body),
  'publish-stream': (api, body) => api.publishStream(body),
  'publish-ice-candidates': (api, body) => api.addPublishStreamIceCandidates(body),
  'unpublish-stream': (api, body) => api.unpublishStream(body),
  'view-stream': (api, body) => api.viewStream(body),
  'answer-view-stream': (api, body) => api.answerViewStream(body),
  'view-ice-candidates': (api, body) => api.addViewStreamIceCandidates(body),
  'stop-view-stream': (api, body) => api.stopViewStream(body),
  'update-metadata': (api, body) => api.updateMetadata(body),
  'send-message': (api, body) => api.sendMessage(body),
};

/** What is done to members and rooms: the seat is the call's, the rest of the body what is asked for. @type {Record<string, (m: Moderation, body: any) => Promise<unknown>>} */
const moderation = {
  'member-action': (m, b) => m.muteAudio(b.targetUserEndpointId),
  'set-volume': (m, b) => m.setInputVolume(b.volume, b.targetUserEndpointId),
  'set-sensitivity': (m, b) => m.setInputSensitivity(b.value, b.targetUserEndpointId),
  'set-member-position': (m, b) => m.setMemberPosition(b.position, b.targetUserEndpointId),
  'set-member-meta': (m, b) => m.setMemberMeta(b.meta, b.targetUserEndpointId),
  'delete-member-meta': (m, b) => m.deleteMemberMeta(b.keys, b.targetUserEndpointId),
  'remove-member': (m, b) => m.removeMember(b.targetUserEndpointId, b.reason),
  'remove-all-members': (m, b) => m.removeAllMembers(b.reason),
  promote: (m, { permissions, meta, joinAudioMuted, joinVideoMuted, mediaAllowed, targetUserEndpointId }) =>
    m.promote(targetUserEndpointId, { permissions, meta, joinAudioMuted, joinVideoMuted, mediaAllowed }),
  demote: (m, b) => m.demote(b.targetUserEndpointId, { mediaAllowed: b.mediaAllowed }),
  'room-action': (m) => m.lock(),
  'set-layout': (m, b) => m.setLayout(b.name, b.positions),
  'set-positions': (m, b) => m.setPositions(b.positions),
  'set-room-meta': (m, b) => m.setRoomMeta(b.meta),
  'delete-room-meta': (m, b) => m.deleteRoomMeta(b.keys),
  'set-prioritize-handraise': (m, b) => m.setPrioritizeHandraise(b.on),
};

test('layouts', async () => {
  const rest = { get: async () => golden('layouts') };
  const call = { rest, seat: { conferenceId: 'c1', userEndpointId: 'e1' } };
  assert.deepEqual(await new Moderation(/** @type {any} */ (call)).layouts(), golden('layouts').layouts);
});

for (const name of files.map((f) => f.slice(0, -'.json'.length))) {
  test(name, async () => {
    const value = golden(name);
    if (foreign.some((f) => f.test(name))) return;
    if (name.startsWith('event-')) return checkEvent(value);
    if (readers[name]) return readers[name](value);
    const act = moderation[name];
    if (act) return checkAct(name, act);
    if (name === 'layouts') return; // above
    const call = calls[name];
    assert.ok(call, 'a new body: give it a reader or a call here, or list it as foreign');
    /** @type {unknown[]} */
    const sent = [];
    const rest = { post: async (/** @type {string} */ _path, /** @type {unknown} */ body) => (sent.push(body), answerTo(name)) };
    await call(new API(/** @type {any} */ (rest)), value);
    assert.deepEqual(sent, [value]);
  });
}

/** @param {string} name @param {(m: Moderation, body: any) => Promise<unknown>} act */
async function checkAct(name, act) {
  const { conferenceId, userEndpointId, ...body } = golden(name);
  /** @type {unknown[]} */
  const sent = [];
  const rest = { post: async (/** @type {string} */ _path, /** @type {unknown} */ b) => void sent.push(JSON.parse(JSON.stringify(b))) };
  await act(new Moderation(/** @type {any} */ ({ rest, seat: { conferenceId, userEndpointId } })), body);
  assert.deepEqual(sent, [golden(name)]);
}

/** @param {string} name */
function answerTo(name) {
  /** @type {Record<string, string>} */
  const answers = { 'register-endpoint': 'registered-endpoint', 'join-conference': 'summary', 'publish-stream': 'published-stream', 'view-stream': 'viewed-stream', 'send-message': 'chat-message' };
  const answer = answers[name];
  return answer ? golden(answer) : undefined;
}

/** @param {any} value */
function checkEvent(value) {
  const event = readEvent(value);
  assert.equal(event.timestamp.toISOString(), value.timestamp);
  assert.equal(event.conferenceVersion, value.conferenceVersion ?? null);
  for (const key of /** @type {const} */ (['type', 'id', 'reason', 'key', 'operation', 'value', 'streamId'])) {
    assert.equal(event[key], value[key] ?? '', key);
  }
  assert.deepEqual(event.network, value.participantIndicatorMap ? {
    quality: value.averageNetworkQuality,
    endpoints: Object.fromEntries(Object.entries(value.participantIndicatorMap).map(([endpoint, n]) => [
      endpoint, { jitter: n.averageJitter, rtt: n.averageRtt, quality: n.averageNetworkQuality, grade: n.grade },
    ])),
  } : null);
  assert.ok(Object.values(EventType).some((t) => t === event.type), 'an event that the library does not know');
  assert.deepEqual(event.view, value.viewerId ? { viewerId: value.viewerId, sdpOffer: value.sdpOffer ?? '', iceCandidates: value.iceCandidates ?? [] } : null);
  if (value.type === EventType.messageSent) assert.equal(event.message?.text, value.text);
  // The version rule: the event's turn makes the next version.
  const state = { ...readConference(golden('conference')), version: event.conferenceVersion ?? 7 };
  assert.equal(apply(state, event).version, event.conferenceVersion === null ? 7 : state.version + 1);
}

test('names are those of the golden files', () => {
  assert.equal(trackMuted('audio', 's1'), golden('update-metadata').key);
  assert.equal(endpointTopic('e1'), 'users/endpoints/e1');
});

test('answers of another shape are refused', () => {
  for (const value of [null, 7, 'x', [], {}, { id: '' }, { id: 'c1', version: -1 }, { id: 'c1', version: 1.5 }, { id: 'c1', version: '1' }]) {
    assert.throws(() => readConference(value), { name: 'WireError' });
  }
  assert.throws(() => readConference({ ...golden('conference'), participants: [{ id: 'u' , endpoints: [{ id: 7 }] }] }), { name: 'WireError' });
  assert.throws(() => readEvent({ ...golden('event-left'), timestamp: 'yesterday' }), { name: 'WireError' });
  assert.throws(() => readEvent({ ...golden('event-left'), conferenceVersion: 'seven' }), { name: 'WireError' });
  assert.throws(() => readEvent({ ...golden('event-network-indicator-updated'), averageNetworkQuality: 'good' }), { name: 'WireError' });
  assert.throws(() => readEvent({ ...golden('event-network-indicator-updated'), participantIndicatorMap: { e1: { grade: 'FINE' } } }), { name: 'WireError' });
  assert.throws(() => readToken({ ...golden('token'), expires_in: 0 }), { name: 'WireError' });
  assert.throws(() => readICEServers({ iceServers: [{ urls: 'stun:x' }] }), { name: 'WireError' });
  for (const value of [undefined, null, '<html>', 7, []]) assert.deepEqual(readError(value), { ...plain, code: '', message: '' });
  assert.deepEqual(readError({ code: 'forbidden', notBefore: 'soon', now: 7 }), { ...plain, code: 'forbidden', message: '' });
});

test('a stream id may be the older object', () => {
  assert.equal(readEvent({ ...golden('event-stream-published'), streamId: { id: 's1' } }).streamId, 's1');
});
