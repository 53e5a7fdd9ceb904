// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_PACKET, Malformed, Reader, connect, disconnect, pingreq, puback, subscribe } from '../../lib/packet.js';

const bytes = (/** @type {(number | string)[]} */ ...parts) =>
  Uint8Array.from(parts.flatMap((p) => (typeof p === 'string' ? [...new TextEncoder().encode(p)] : [p])));

test('packets go out as the standard writes them', () => {
  assert.deepEqual(
    connect({ clientId: 'e1', username: 'tok', keepAlive: 20 }),
    bytes(0x10, 19, 0, 4, 'MQTT', 4, 0x82, 0, 20, 0, 2, 'e1', 0, 3, 'tok'),
  );
  assert.deepEqual(subscribe(1, 'a/b'), bytes(0x82, 8, 0, 1, 0, 3, 'a/b', 1));
  assert.deepEqual(puback(0x1234), bytes(0x40, 2, 0x12, 0x34));
  assert.deepEqual(pingreq(), bytes(0xc0, 0));
  assert.deepEqual(disconnect(), bytes(0xe0, 0));
});

test('a length takes as many bytes as it needs', () => {
  const long = connect({ clientId: 'e1', username: 'x'.repeat(20_000), keepAlive: 20 });
  assert.deepEqual([...long.subarray(0, 4)], [0x10, 0xb0, 0x9c, 0x01]); // 20016
  assert.throws(() => connect({ clientId: 'e1', username: 'x'.repeat(70_000), keepAlive: 20 }), RangeError);
});

const stream = bytes(
  0x20, 2, 0, 0,
  0x90, 3, 0, 1, 1,
  0x32, 10, 0, 3, 'a/b', 0, 7, '{"}',
  0x30, 6, 0, 3, 'a/b', 'x',
  0xd0, 0,
);
const packets = [
  { type: 2, code: 0 },
  { type: 9, id: 1, codes: [1] },
  { type: 3, topic: 'a/b', payload: '{"}', qos: 1, id: 7 },
  { type: 3, topic: 'a/b', payload: 'x', qos: 0, id: 0 },
  { type: 13 },
];

test('packets are found however the stream is cut', () => {
  assert.deepEqual(new Reader().push(stream), packets);
  for (let size = 1; size < stream.length; size++) {
    const reader = new Reader();
    const got = [];
    for (let at = 0; at < stream.length; at += size) got.push(...reader.push(stream.subarray(at, at + size)));
    assert.deepEqual(got, packets, `pieces of ${size}`);
  }
});

for (const [name, input] of Object.entries({
  'a length of five bytes': bytes(0x30, 0x80, 0x80, 0x80, 0x80, 1),
  'a packet that is too long': bytes(0x30, ...length(MAX_PACKET + 1)),
  'a type that is for servers': bytes(0x10, 0),
  'type 0': bytes(0, 0),
  'type 15': bytes(0xf0, 0),
  'flags on CONNACK': bytes(0x21, 2, 0, 0),
  'CONNACK of one byte': bytes(0x20, 1, 0),
  'SUBACK without a code': bytes(0x90, 2, 0, 1),
  'PINGRESP with a body': bytes(0xd0, 1, 0),
  'PUBLISH without a topic': bytes(0x30, 0),
  'PUBLISH with half a length': bytes(0x30, 1, 0),
  'PUBLISH whose topic is cut off': bytes(0x30, 4, 0, 9, 'ab'),
  'PUBLISH at QoS 1 without an identifier': bytes(0x32, 4, 0, 2, 'ab'),
  'PUBLISH with half an identifier': bytes(0x32, 5, 0, 2, 'ab', 1),
  'PUBLISH with the identifier 0': bytes(0x32, 6, 0, 2, 'ab', 0, 0),
  'PUBLISH at QoS 2': bytes(0x34, 6, 0, 2, 'ab', 0, 1),
  'PUBLISH at QoS 3': bytes(0x36, 6, 0, 2, 'ab', 0, 1),
  'a topic that is no UTF-8': bytes(0x30, 4, 0, 2, 0xc3, 0x28),
  'a payload that is no UTF-8': bytes(0x30, 5, 0, 1, 'a', 0xff, 0xfe),
})) {
  test(`refuses ${name}`, () => {
    assert.throws(() => new Reader().push(input), Malformed);
  });
}

test('no bytes do anything worse than being refused', () => {
  const random = seeded(7);
  for (let round = 0; round < 20_000; round++) {
    const input = Uint8Array.from({ length: Math.floor(random() * 24) }, () => Math.floor(random() * 256));
    // Half of the rounds begin well and are broken at one place.
    const broken = stream.slice();
    broken[Math.floor(random() * broken.length)] = Math.floor(random() * 256);
    try {
      for (const p of new Reader().push(round % 2 ? input : broken)) assert.ok([2, 3, 9, 13].includes(p.type));
    } catch (err) {
      assert.ok(err instanceof Malformed, String(err));
    }
  }
});

/** @param {number} n */
function length(n) {
  const out = [];
  for (; n > 127; n >>= 7) out.push((n & 127) | 128);
  return [...out, n];
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
