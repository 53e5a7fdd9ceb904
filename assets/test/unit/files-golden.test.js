// @ts-check
/** The bodies of files and snapshots as platform/wire writes them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readSignedURL, readTransfer } from '../../lib/files.js';
import { Snapshots, readOutcome, readRequest } from '../../lib/snapshots.js';
import { EventType, readEvent } from '../../lib/wire.js';

const golden = (/** @type {string} */ name) => JSON.parse(readFileSync(new URL(`../../../platform/wire/testdata/files/${name}.json`, import.meta.url), 'utf8'));
const seat = { conferenceId: 'c1', userEndpointId: 'e2' };

test('a file reads alike from the list and from its event', () => {
  const { createdAt, fileTransferId, conferenceId, interactionId, applicationId, ...same } = golden('file-transfer');
  assert.deepEqual(readTransfer(golden('file-transfer')), { ...same, fileId: fileTransferId, timestamp: new Date(createdAt) });
  assert.deepEqual(readTransfer(readEvent(golden('event-file-transferred')).body), readTransfer(golden('file-transfer')));
  assert.equal(readSignedURL(golden('signed-url')), golden('signed-url').url);
});

test('requests and their outcomes', () => {
  const who = { userId: 'agent1', userEndpointId: 'e1', name: 'Anna', seat };
  assert.deepEqual(readRequest(golden('event-snapshot-requested'), who), { ...who, id: 's1', kind: 'PASSPORT', wish: '' });
  assert.deepEqual(readRequest(golden('event-snapshot-camera-requested'), who), { ...who, id: 'r1', kind: '', wish: 'CAMERA_SWITCH' });
  assert.equal(readRequest({ ...golden('event-snapshot-camera-requested'), cameraRequestType: 'EXPLODE' }, who), null);
  const sum = golden('snapshot').sha256;
  assert.deepEqual(readOutcome(golden('event-snapshot-approved')), { id: 's1', succeeded: true, why: 'front side', size: 0, sha256: '' });
  assert.deepEqual(readOutcome(golden('event-snapshot-acquired')), { id: 's1', succeeded: true, why: '', size: 4, sha256: sum });
  assert.deepEqual(readOutcome(golden('event-snapshot-camera-processed')), { id: 'r1', succeeded: false, why: 'there is one camera', size: 0, sha256: '' });
});

for (const name of ['file-transferred', 'snapshot-requested', 'snapshot-approved', 'snapshot-acquired', 'snapshot-camera-requested', 'snapshot-camera-processed']) {
  test(`event-${name} is known and has no version`, () => {
    const event = readEvent(golden(`event-${name}`));
    assert.ok(Object.values(EventType).some((t) => t === event.type));
    assert.equal(event.conferenceVersion, null);
  });
}

test('what is sent is what the server reads', async () => {
  /** @type {[string, any][]} */
  const sent = [];
  const rest = { post: async (/** @type {string} */ path, /** @type {any} */ body) => (sent.push([path, body]), path.endsWith('cameraRequest') ? golden('camera-request') : golden('snapshot')) };
  const call = { rest, seat: { conferenceId: 'c1', userEndpointId: 'e1' }, userId: 'guest-1', people: [], addEventListener: () => undefined };
  const snapshots = new Snapshots(/** @type {any} */ (call));
  const request = { id: 'r1', kind: '', wish: /** @type {const} */ (''), userId: 'agent1', userEndpointId: 'e1', name: '', seat };
  await snapshots.decline(request, 'no thanks');
  await snapshots.answerCamera(request, false, 'there is no flash');
  assert.equal(await snapshots.askCamera('e2', 'FLASH_ON'), 'r1');
  assert.equal(await snapshots.ask('e2', 'PASSPORT'), 's1');
  const asked = golden('request-snapshot');
  assert.deepEqual(sent, [
    ['/rtc-api/snapshots/r1/decline', golden('answer-snapshot')],
    ['/rtc-api/snapshots/cameraRequestRespond', golden('answer-camera')],
    ['/rtc-api/snapshots/cameraRequest', (({ targetUserId, ...body }) => body)(golden('request-camera'))],
    ['/rtc-api/snapshots/request', { conferenceId: asked.conferenceId, userEndpointId: 'e1', targetUserEndpointId: 'e2', snapshotType: 'PASSPORT' }],
  ]);
});
