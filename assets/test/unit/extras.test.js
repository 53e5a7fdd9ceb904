// @ts-check
/** The small parts around a call: links in texts, sentences about errors, requests for photos, the network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parts } from '../../customer/links.js';
import { sentenceOf, sizeOf } from '../../customer/sentence.js';
import { ticketID } from '../../lib/guichet.js';
import { Network } from '../../lib/network.js';
import { APIError, OFFLINE } from '../../lib/rest.js';
import { Snapshots } from '../../lib/snapshots.js';
import { readEvent } from '../../lib/wire.js';

for (const [name, text, links] of /** @type {[string, string, string[]][]} */ ([
  ['none', 'no address here, not even www.example.org', []],
  ['one in a sentence', 'See https://a.example/b?c=d#e, then call.', ['https://a.example/b?c=d#e']],
  ['two', 'http://a.example and HTTPS://B.example/X!', ['http://a.example', 'HTTPS://B.example/X']],
  ['in brackets', '(see https://a.example/b)', ['https://a.example/b']],
  ['with brackets of its own', 'https://a.example/b_(c)', ['https://a.example/b_(c)']],
  ['in quotes', '“https://a.example/b”', ['https://a.example/b']],
  ['other schemes', 'javascript:alert(1) data:text/html,x ftp://a.example file:///etc/passwd', []],
  ['a user name that hides the host', 'https://bank.example@evil.example/', []],
  ['markup', '<a href="https://a.example/"onclick=x>', ['https://a.example/"onclick=x']],
  ['a turn of direction', 'https://a.example/\u202egpj.exe', ['https://a.example/']],
  ['no host', 'https:// http:///', []],
])) {
  test(`links: ${name}`, () => {
    const found = parts(text);
    assert.equal(found.map((p) => p.text).join(''), text);
    assert.deepEqual(found.filter((p) => p.href).map((p) => p.text), links);
    for (const { href } of found) if (href) assert.match(href, /^https?:\/\/[^"<>]+$/);
  });
}

test('errors become sentences', () => {
  assert.equal(sentenceOf(new APIError({ status: 413, code: 'too_large', message: 'the file is too large: 26214400 bytes are taken at most' })), 'The file is too large: 25 MB are taken at most.');
  assert.equal(sentenceOf(new APIError({ status: 413, code: 'x' })), 'The file is too large.');
  assert.equal(sentenceOf(new APIError({ code: OFFLINE, message: 'x' })), 'The connection was lost.');
  assert.equal(sentenceOf(new APIError({ status: 500, code: 'internal' })), 'The server refuses.');
  assert.equal(sentenceOf(new RangeError('This is too long for one message.')), 'This is too long for one message.');
  assert.equal(sentenceOf(new TypeError('x')), 'That did not work.');
  assert.deepEqual([4, 2048, 1_500_000, 25 << 20].map((n) => sizeOf(n, 'en')), ['4 bytes', '2 kB', '1.4 MB', '25 MB']);
});

test('a ticket is its id or its link', () => {
  for (const t of ['nwi-ssh', ' nwi-ssh ', 'https://calls.example/t/nwi-ssh', 'https://calls.example/t/nwi-ssh?x#y', '/t/nwi-ssh/']) assert.equal(ticketID(t), 'nwi-ssh');
});

class Office extends EventTarget {
  seat = { conferenceId: 'c1', userEndpointId: 'me' };
  userId = 'guest-1';
  phase = 'in';
  people = [{ id: 'e1', name: 'Anna' }];
  /** @type {import('../../lib/quality.js').Grade | null} */
  quality = null;
  /** @type {any} */
  refusal = null;
  /** @type {string[]} */
  posted = [];
  rest = {
    post: async (/** @type {string} */ path) => {
      this.posted.push(path);
      if (this.refusal) throw this.refusal;
    },
  };
  #n = 0;
  /** @param {object} event @param {string} [id] */
  tell(event, id = `v${++this.#n}`) {
    const common = { id, timestamp: '2026-01-02T03:04:05.060Z', conferenceId: 'c1', userId: 'agent1', userEndpointId: 'e1' };
    this.dispatchEvent(new CustomEvent('event', { detail: readEvent({ ...common, ...event }) }));
  }
}

test('a request is heard once, by whom it is for, and an answer that stands is no error', async () => {
  const office = new Office();
  const snapshots = new Snapshots(/** @type {any} */ (office));
  /** @type {any[]} */
  const heard = [];
  for (const type of ['request', 'camera', 'answered', 'acquired', 'camera-answered']) {
    snapshots.addEventListener(type, (e) => heard.push([type, /** @type {CustomEvent} */ (e).detail]));
  }
  const asked = { type: 'SnapshotRequestedEvent', snapshotId: 's1', targetUserId: 'guest-1', targetUserEndpointId: 'me' };
  office.tell(asked, 'one');
  office.tell(asked, 'one');
  office.tell({ ...asked, targetUserEndpointId: 'other' });
  office.tell({ type: 'SnapshotApprovedEvent', snapshotId: 's1', targetUserEndpointId: 'me', succeeded: true });
  office.tell({ type: 'SnapshotCameraRequestedEvent', snapshotCameraRequestId: 'r1', cameraRequestType: 'FLASH_ON', targetUserEndpointId: 'me' });
  office.tell({ type: 'SnapshotApprovedEvent', snapshotId: 's2', targetUserEndpointId: 'other', succeeded: false });
  assert.deepEqual(heard.map(([type, detail]) => [type, detail.id, detail.name ?? detail.succeeded]), [['request', 's1', 'Anna'], ['camera', 'r1', 'Anna'], ['answered', 's2', false]]);
  office.refusal = new APIError({ status: 409, code: 'conflict' });
  await snapshots.approve(heard[0][1]);
  office.refusal = new APIError({ status: 403, code: 'forbidden' });
  await assert.rejects(snapshots.approve(heard[0][1]), { status: 403 });
  assert.deepEqual(office.posted, ['/rtc-api/snapshots/s1/approve', '/rtc-api/snapshots/s1/approve']);
  snapshots.close();
  office.tell({ ...asked, snapshotId: 's9' });
  assert.equal(heard.length, 3);
});

test('the worse of what the server measures and what this side counts is one\'s own grade', () => {
  const office = new Office();
  const network = new Network(/** @type {any} */ (office));
  let changes = 0;
  network.addEventListener('change', () => changes++);
  assert.equal(network.own, null);
  const indicator = (/** @type {string} */ grade) => ({ averageJitter: 1, averageRtt: 2, averageNetworkQuality: 3, grade });
  const tell = (/** @type {string} */ me) => office.tell({
    type: 'ConferenceNetworkIndicatorUpdatedEvent', averageNetworkQuality: 3, participantIndicatorMap: { me: indicator(me), e1: indicator('BAD') },
  });
  tell('OPTIMAL');
  assert.deepEqual([network.own, network.of('e1'), network.of('e9'), network.measured('e1')?.rtt], ['good', 'poor', null, 2]);
  office.quality = 'fair';
  assert.equal(network.own, 'fair');
  tell('BAD');
  assert.equal(network.own, 'poor');
  assert.equal(changes, 2);
  network.close();
});
