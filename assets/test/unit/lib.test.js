// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brisk, wait } from '../../lib/backoff.js';
import { Keeper } from '../../lib/keeper.js';
import { peopleOf } from '../../lib/people.js';
import { Quality, gradeOf } from '../../lib/quality.js';
import { trackMuted } from '../../lib/wire.js';

test('waits grow to some five seconds, spread by a quarter', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 99].map((n) => wait(n, () => 0.5)), [0, 300, 1200, 2700, 4800, 5000, 5000]);
  assert.deepEqual([wait(5, () => 0), wait(5, () => 1)], [3750, 6250]);
  assert.deepEqual([0, 1, 2, 3, 49, 50].map((n) => brisk(n, () => 0.5)), [0, 300, 1200, 1200, 1200, 5000]);
});

test('a keeper runs once at a time, and again for a poke meanwhile', async () => {
  let runs = 0;
  /** @type {(() => void)[]} */
  const ends = [];
  const keeper = new Keeper(() => (runs++, new Promise((resolve) => ends.push(resolve))), new AbortController().signal, () => undefined);
  keeper.poke();
  keeper.poke();
  keeper.poke();
  assert.equal(runs, 1);
  ends.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(runs, 2);
  ends.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(runs, 2);
});

test('a keeper tries again after a failure until told to stop', async () => {
  const stop = new AbortController();
  /** @type {unknown[]} */
  const failures = [];
  await new Promise((resolve) => {
    const keeper = new Keeper(async () => {
      if (failures.length < 2) throw new Error(`${failures.length}`);
      resolve(undefined);
    }, stop.signal, (err) => failures.push(/** @type {Error} */ (err).message));
    keeper.poke();
  });
  assert.deepEqual(failures, ['0', '1']);
  stop.abort();
});

const state = {
  id: 'c1', mode: /** @type {const} */ ('ROUTER'), version: 3,
  metadata: { [trackMuted('audio', 's1')]: 'true', [trackMuted('video', 's2')]: 'false' },
  participants: [
    { id: 'anna', endpoints: [{ id: 'e1', metadata: { name: '  Anna  ' }, streams: [
      { id: 's1', type: /** @type {const} */ ('MIC_AND_CAM'), metadata: {} },
      { id: 's2', type: /** @type {const} */ ('SCREEN'), metadata: {} },
    ] }] },
    { id: 'guest-1', endpoints: [{ id: 'e2', metadata: { roles: ['CUSTOMER'] }, streams: [{ id: 's3', type: /** @type {const} */ ('MIC'), metadata: {} }] }] },
    { id: 'robot', endpoints: [{ id: 'e3', metadata: { name: 7, roles: 'x' }, streams: [] }] },
  ],
};

test('people are drawn from the state, whatever they say of themselves', () => {
  const media = /** @type {any} */ ({});
  const people = peopleOf(state, 'e2', (stream) => (stream === 's1' ? { media, connected: true } : null));
  assert.deepEqual(people.map((p) => [p.id, p.userId, p.name, p.self, p.customer]), [
    ['e1', 'anna', 'Anna', false, false], ['e2', 'guest-1', 'Guest', true, true], ['e3', 'robot', 'robot', false, false],
  ]);
  assert.deepEqual(people.flatMap((p) => p.streams).map((s) => [s.id, s.media === media, s.connected, s.audioMuted, s.videoMuted]), [
    ['s1', true, true, true, false], ['s2', false, false, false, false], ['s3', false, false, false, true],
  ]);
});

test('the worst of loss, delay and jitter decides', () => {
  const best = { loss: 0, rtt: 0, jitter: 0 };
  assert.equal(gradeOf(best), 'good');
  assert.equal(gradeOf({ ...best, loss: 0.03 }), 'fair');
  assert.equal(gradeOf({ ...best, rtt: 0.3 }), 'fair');
  assert.equal(gradeOf({ ...best, jitter: 0.1 }), 'poor');
  assert.equal(gradeOf({ loss: 0.2, rtt: 0.3, jitter: 0 }), 'poor');
});

test('loss is what was lost since the last look, not since the beginning', () => {
  const quality = new Quality();
  const report = (/** @type {number} */ lost, /** @type {number} */ received) =>
    new Map([['i', { type: 'inbound-rtp', kind: 'audio', ssrc: 1, packetsLost: lost, packetsReceived: received, jitter: 0.01 }]]);
  assert.equal(quality.sample([report(500, 500)]).loss, 0);
  assert.equal(quality.sample([report(510, 590)]).loss, 0.1);
  assert.deepEqual(quality.sample([report(510, 690)]), { loss: 0, rtt: 0, jitter: 0.01 });
  const remote = new Map([['r', { type: 'remote-inbound-rtp', fractionLost: 0.25, roundTripTime: 0.4, jitter: 0.02 }]]);
  assert.deepEqual(quality.sample([remote]), { loss: 0.25, rtt: 0.4, jitter: 0.02 });
});
