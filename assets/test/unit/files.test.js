// @ts-check
/** Files against a server played by hand: progress, cancelling, lost answers, what others send. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { Files } from '../../lib/files.js';
import { APIError } from '../../lib/rest.js';
import { readEvent } from '../../lib/wire.js';

/** What happens to each upload, in turn. @type {((request: FakeRequest) => void)[]} */
let fates = [];
/** @type {FakeRequest[]} */
let requests = [];

/** As much of XMLHttpRequest as an upload uses. */
class FakeRequest {
  upload = /** @type {any} */ ({});
  status = 0;
  responseText = '';
  /** @type {Record<string, string>} */
  headers = {};
  /** @type {FormData} */
  form = new FormData();
  url = '';
  /** @type {any} */
  onload;
  /** @type {any} */
  onerror;
  /** @type {any} */
  onabort;
  /** @type {any} */
  onloadend;
  open(/** @type {string} */ _, /** @type {string} */ url) {
    this.url = url;
  }
  setRequestHeader(/** @type {string} */ name, /** @type {string} */ value) {
    this.headers[name] = value;
  }
  send(/** @type {FormData} */ form) {
    this.form = form;
    requests.push(this);
    setImmediate(() => fates.shift()?.(this));
  }
  abort() {
    this.onabort?.();
    this.onloadend?.();
  }
  /** @param {number} status @param {object} body */
  answer(status, body) {
    Object.assign(this, { status, responseText: JSON.stringify(body) });
    this.onload();
    this.onloadend();
  }
}

const content = 'a form';
const sum = createHash('sha256').update(content).digest('hex');
const transfer = (/** @type {object} */ more = {}) => ({
  fileTransferId: 'f1', filename: 'form.txt', size: 6, mimeType: 'text/plain', sha256: sum, conferenceId: 'c1', userId: 'guest-1', userEndpointId: 'e2',
  createdAt: '2026-01-02T03:04:05.060Z', ...more,
});

class Office extends EventTarget {
  phase = 'in';
  userId = 'guest-1';
  /** @type {object[]} */
  list = [];
  get seat() {
    return { conferenceId: 'c1', userEndpointId: 'e2' };
  }
  api = null;
  rest = {
    get: async () => this.list,
    post: async (/** @type {string} */ path) => ({ url: `https://x${path}`, expiresAt: '2026-01-02T03:04:05.060Z' }),
    authorized: (/** @type {any} */ run) => run('token', 'https://x'),
  };
  /** @param {object} file */
  tell(file) {
    this.dispatchEvent(new CustomEvent('event', { detail: readEvent({ type: 'FileTransferredEvent', id: 'v1', timestamp: '2026-01-02T03:04:05.060Z', ...file }) }));
  }
}

const file = () => new File([content], 'form.txt', { type: 'text/plain' });
/** @type {Office} */
let office;
/** @type {Files} */
let files;
beforeEach(async () => {
  Object.assign(globalThis, { XMLHttpRequest: FakeRequest });
  [fates, requests] = [[], []];
  office = new Office();
  files = new Files(/** @type {any} */ (office));
  await changed(() => true);
});
afterEach(() => files.close());

/** @param {() => boolean} condition */
async function changed(condition) {
  const deadline = performance.now() + 20_000;
  do {
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(performance.now() < deadline, `never true: ${condition}`);
  } while (!condition());
}

test('a file is sent with its fields before it, under one transaction, and tells how far it is', async () => {
  fates = [(r) => {
    r.upload.onprogress({ loaded: 3, total: 6 });
    assert.equal(files.items[0]?.sent, 0.5);
    r.answer(200, transfer());
  }];
  const item = files.send(file());
  assert.deepEqual([item.state, item.own, item.filename, item.size], ['sending', true, 'form.txt', 6]);
  await changed(() => item.state === 'sent');
  assert.deepEqual([...(requests[0]?.form.keys() ?? [])], ['conferenceId', 'userEndpointId', 'file']);
  assert.equal(requests[0]?.url, 'https://x/rtc-api/filetransfers?targetType=user');
  assert.equal(requests[0]?.headers.Authorization, 'Bearer token');
  assert.deepEqual([item.fileId, item.sent, files.items.length], ['f1', 1, 1]);
  assert.equal(await files.link(item), 'https://x/rtc-api/filetransfers/f1/signedUrl');
});

test('a lost answer is asked for again under the same transaction', async () => {
  fates = [(r) => r.onerror(), (r) => r.answer(503, {}), (r) => r.answer(200, transfer())];
  const item = files.send(file());
  await changed(() => item.state === 'sent');
  assert.equal(requests.length, 3);
  assert.equal(new Set(requests.map((r) => r.headers['X-Auvious-TransactionId'])).size, 1);
});

test('a refused file keeps the server\'s words and can be sent again', async () => {
  fates = [(r) => r.answer(415, { code: 'unsupported_media_type', message: 'files of this type are not taken' }), (r) => r.answer(200, transfer())];
  const item = files.send(file());
  await changed(() => item.state === 'failed');
  assert.equal(/** @type {APIError} */ (item.error).message, 'files of this type are not taken');
  assert.equal(requests.length, 1);
  files.again(item);
  await changed(() => item.state === 'sent');
});

test('a file that arrived as another one counts as failed', async () => {
  fates = [(r) => r.answer(200, transfer({ sha256: '00'.repeat(32) }))];
  const item = files.send(file());
  await changed(() => item.state === 'failed');
  assert.equal(/** @type {APIError} */ (item.error).code, 'damaged');
  fates = [(r) => r.answer(200, transfer())];
  files.again(item);
  await changed(() => item.state === 'sent');
  assert.notEqual(requests[0]?.headers['X-Auvious-TransactionId'], requests[1]?.headers['X-Auvious-TransactionId']);
});

test('a cancelled file is no failure, and can be taken off', async () => {
  const item = files.send(file());
  await changed(() => requests.length === 1);
  files.cancel(item);
  await changed(() => item.state === 'cancelled');
  assert.equal(requests.length, 1);
  files.forget(item);
  assert.equal(files.items.length, 0);
});

test('news of a file of one\'s own make no second card, whichever comes first', async () => {
  fates = [(r) => {
    office.tell(transfer());
    assert.equal(files.items.length, 1);
    r.answer(200, transfer());
    office.tell(transfer());
  }];
  const item = files.send(file());
  await changed(() => item.state === 'sent');
  assert.deepEqual(files.items, [item]);
});

test('files of others are told of once, those for somebody else not at all, those of before only listed', async () => {
  /** @type {string[]} */
  const heard = [];
  office.list = [transfer({ fileTransferId: 'f0', userId: 'anna', userEndpointId: 'e1' })];
  const late = new Files(/** @type {any} */ (office));
  late.addEventListener('file', (e) => heard.push(/** @type {CustomEvent} */ (e).detail.fileId));
  await changed(() => late.items.length === 1);
  await changed(() => true);
  const from = { userId: 'anna', userEndpointId: 'e1' };
  office.tell(transfer({ ...from, fileTransferId: 'f2' }));
  office.tell(transfer({ ...from, fileTransferId: 'f2' }));
  office.tell(transfer({ ...from, fileTransferId: 'f3', targetId: 'guest-9' }));
  office.tell(transfer({ ...from, fileTransferId: 'f4', targetId: 'guest-1' }));
  assert.deepEqual(heard, ['f2', 'f4']);
  assert.deepEqual(late.items.map((i) => i.fileId), ['f0', 'f2', 'f4']);
  late.close();
});
