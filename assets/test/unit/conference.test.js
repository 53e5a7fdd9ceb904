// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Follower, apply } from '../../lib/conference.js';
import { APIError } from '../../lib/rest.js';
import { EventType, readEvent, trackMuted } from '../../lib/wire.js';

/** @typedef {import('../../lib/wire.js').Conference} State */
/** @typedef {import('../../lib/wire.js').Event} Event */

/** @returns {State} */
const empty = () => ({ id: 'c1', mode: 'ROUTER', version: 1, metadata: {}, participants: [] });

/** @param {Follower} follower */
const peek = (follower) => /** @type {State} */ (follower.state);

/** @param {number | null} version @param {Partial<Event>} [more] @returns {Event} */
const event = (version, more = {}) => ({
  ...readEvent({ type: EventType.joined, id: 'x', timestamp: '2026-01-02T03:04:05.060Z', conferenceId: 'c1', userId: 'u1', userEndpointId: 'e1' }),
  conferenceVersion: version,
  ...more,
});

test('below V an event is dropped, at V it applies, above it waits', async () => {
  /** @type {State[]} */
  const states = [{ ...empty(), version: 3 }];
  const follower = new Follower({ id: 'c1', fetchState: async () => /** @type {State} */ (states.at(-1)) });
  await follower.refresh();
  follower.receive(event(2));
  assert.equal(peek(follower).version, 3);
  assert.deepEqual(peek(follower).participants, []);
  follower.receive(event(3));
  assert.equal(peek(follower).version, 4);
  assert.equal(peek(follower).participants[0]?.endpoints[0]?.id, 'e1');
  states.push({ ...peek(follower), version: 4 });
  follower.receive(event(5, { userEndpointId: 'e3' }));
  assert.equal(peek(follower).version, 4);
  follower.receive(event(4, { userEndpointId: 'e2' }));
  assert.equal(peek(follower).version, 6);
  assert.deepEqual(peek(follower).participants[0]?.endpoints.map((e) => e.id), ['e1', 'e2', 'e3']);
  follower.close();
});

test('events before the first state wait for it', async () => {
  const follower = new Follower({ id: 'c1', fetchState: async () => ({ ...empty(), version: 5 }) });
  follower.receive(event(4));
  follower.receive(event(5));
  assert.equal(follower.state, null);
  await follower.refresh();
  assert.equal(peek(follower).version, 6);
  follower.close();
});

test('what waits is bounded, and a second fetch makes good for the rest', async () => {
  /** @type {(state: State) => void} */
  let give = () => undefined;
  const answers = [new Promise((resolve) => { give = resolve; }), { ...empty(), version: 1500 }];
  /** @type {() => void} */
  let asked = () => undefined;
  const once = new Promise((resolve) => { asked = () => resolve(undefined); });
  const follower = new Follower({ id: 'c1', fetchState: async () => {
    asked();
    return /** @type {State} */ (await answers.shift());
  } });
  const fetched = follower.refresh();
  await once;
  for (let v = 1; v <= 2000; v++) follower.receive(event(v));
  give({ ...empty(), version: 900 }); // the events from 1,025 on are still held
  await fetched;
  assert.equal(answers.length, 0);
  assert.equal(peek(follower).version, 2001);
  follower.close();
});

test('an event without a version applies at once, one of another conference never', async () => {
  const follower = new Follower({ id: 'c1', fetchState: async () => empty() });
  await follower.refresh();
  follower.receive(event(null, { type: 'ConferenceNetworkIndicatorUpdatedEvent' }));
  follower.receive(event(1, { conferenceId: 'c2' }));
  assert.equal(peek(follower).version, 1);
  follower.close();
});

test('a gap that stays open is closed by one fetch', async () => {
  let fetched = 0;
  let version = 1;
  const follower = new Follower({ id: 'c1', fetchState: async () => ({ ...empty(), version: (fetched++, version) }) });
  await follower.refresh();
  version = 3;
  follower.receive(event(2));
  follower.receive(event(3));
  await follower.refresh();
  assert.equal(fetched, 2);
  assert.equal(peek(follower).version, 4);
  follower.close();
});

test('an older answer does not undo newer events', async () => {
  /** @type {((s: State) => void)[]} */
  const answers = [];
  const follower = new Follower({ id: 'c1', fetchState: () => new Promise((resolve) => answers.push(resolve)) });
  const first = follower.refresh();
  await until(() => answers.length === 1);
  answers[0]?.(empty());
  await first;
  const second = follower.refresh();
  await until(() => answers.length === 2);
  follower.receive(event(1));
  answers[1]?.(empty());
  await second;
  assert.equal(peek(follower).version, 2);
  assert.equal(peek(follower).participants.length, 1);
  follower.close();
});

test('a refused fetch is told, a failed one tried again', async () => {
  let tries = 0;
  const follower = new Follower({
    id: 'c1',
    fetchState: async () => {
      if (++tries === 1) throw new APIError({ code: 'offline' });
      throw new APIError({ status: 410, code: 'gone' });
    },
  });
  /** @type {APIError[]} */
  const lost = [];
  follower.addEventListener('lost', (e) => lost.push(/** @type {CustomEvent} */ (e).detail));
  await follower.refresh();
  assert.equal(tries, 2);
  assert.equal(lost[0]?.code, 'gone');
});

test('a stream takes its mute marks with it, an endpoint its streams', () => {
  let state = empty();
  const steps = [
    { userEndpointId: 'e1' },
    { type: EventType.streamPublished, streamId: 's1', streamType: /** @type {const} */ ('CAM') },
    { type: EventType.metadataUpdated, key: trackMuted('audio', 's1'), operation: 'SET', value: 'true' },
    { type: EventType.metadataUpdated, key: 'ON_HOLD', operation: 'SET', value: 'true' },
    { type: EventType.streamPublished, streamId: 's2', streamType: /** @type {const} */ ('SCREEN') },
    { type: EventType.metadataUpdated, key: trackMuted('video', 's2'), operation: 'SET', value: 'true' },
  ];
  for (const step of steps) state = apply(state, event(state.version, step));
  assert.equal(state.version, 7);
  const unpublished = apply(state, event(7, { type: EventType.streamUnpublished, streamId: 's1' }));
  assert.deepEqual(unpublished.metadata, { ON_HOLD: 'true', [trackMuted('video', 's2')]: 'true' });
  assert.deepEqual(unpublished.participants[0]?.endpoints[0]?.streams.map((s) => s.id), ['s2']);
  const left = apply(state, event(7, { type: EventType.left }));
  assert.deepEqual(left.metadata, { ON_HOLD: 'true' });
  assert.deepEqual(left.participants, []);
});

test('whatever the network does to the events, the states agree in the end', async () => {
  for (let seed = 1; seed <= 200; seed++) await oneMeeting(seed);
});

/**
 * A server makes random events, a network drops, doubles and reorders them,
 * and in the end the follower has the server's state.
 * @param {number} seed
 */
async function oneMeeting(seed) {
  const random = seeded(seed);
  const pick = (/** @type {number} */ n) => Math.floor(random() * n);
  let server = empty();
  const follower = new Follower({ id: 'c1', fetchState: async () => server });
  /** @type {Event[]} */
  const wire = [];
  const deliver = (/** @type {number} */ many) => {
    while (wire.length > many) {
      const [e] = wire.splice(pick(Math.min(3, wire.length)), 1);
      const fate = random();
      if (!e || fate < 0.1) continue;
      follower.receive(e);
      if (fate > 0.85) wire.push(e);
    }
  };
  for (let i = 0; i < 60; i++) {
    if (i === 10) void follower.refresh();
    const e = event(server.version, {
      ...[
        { type: EventType.joined, metadata: { name: `n${i}` } },
        { type: EventType.left },
        { type: EventType.streamPublished, streamId: `s${pick(6)}`, streamType: /** @type {const} */ ('CAM') },
        { type: EventType.streamUnpublished, streamId: `s${pick(6)}` },
        { type: EventType.metadataUpdated, key: trackMuted('audio', `s${pick(6)}`), operation: pick(2) ? 'SET' : 'REMOVE', value: 'true' },
      ][pick(5)],
      userId: `u${pick(3)}`,
      userEndpointId: `e${pick(4)}`,
    });
    server = apply(server, e);
    wire.push(e);
    if (random() < 0.5) deliver(pick(4));
    if (random() < 0.3) await Promise.resolve();
  }
  deliver(0);
  // A last event that does arrive shows whether anything is missing.
  const last = event(server.version, { type: EventType.joined });
  server = apply(server, last);
  follower.receive(last);
  await until(() => follower.state?.version === server.version);
  assert.deepEqual(follower.state, server, `seed ${seed}`);
  follower.close();
}

/** @param {() => boolean} condition */
async function until(condition) {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'never true');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The same numbers on every run (mulberry32). @param {number} seed */
function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
