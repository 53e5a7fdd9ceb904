// @ts-check
/** Chat, files, photos and the network indicator against the real server; skipped where that is not built. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { live } from '../../testbed/live.js';

const sha256 = (/** @type {Uint8Array} */ b) => createHash('sha256').update(b).digest('hex');

live('in a call', (site) => {
  /** Two browsers in one call, whose chats are there. @param {string} [init] */
  async function pair(init) {
    const conference = await site.server.conference();
    const { url } = await site.server.ticket(conference);
    const [ann, bob] = await Promise.all([site.enter(url, 'Ann', init), site.enter(url, 'Bob', init)]);
    await Promise.all([ann, bob].map((page) => page.waitForSelector('#messages[aria-busy="false"]', { state: 'attached' })));
    return { conference, url, ann, bob };
  }

  /** An agent who is in the conference through the API alone. @param {string} conference */
  async function agent(conference) {
    const userEndpointId = await site.server.call('/rtc-api/users/endpoints', { keepAliveSeconds: 60 });
    await site.server.call('/rtc-api/conferences/join', { conferenceId: conference, userEndpointId, metadata: { name: 'Anna Meier' } });
    const state = () => site.server.call(`/rtc-api/conferences/${conference}/simpleView`, undefined, 'GET');
    /** @param {string} name @returns {Promise<string>} */
    const endpointOf = async (name) => (await state()).participants.flatMap((/** @type {any} */ p) => p.endpoints).find((/** @type {any} */ e) => e.metadata?.name === name).id;
    return { userEndpointId, endpointOf };
  }

  /** @param {import('playwright-core').Page} page @param {string} text */
  async function say(page, text) {
    await page.fill('#write', text);
    await page.press('#write', 'Enter');
  }
  const texts = (/** @type {import('playwright-core').Page} */ page) => page.locator('#messages .text').allTextContents();

  test('two browsers chat, and a third reads what was said', async () => {
    const { ann, bob, url } = await pair();
    await ann.click('#chat');
    await say(ann, 'Hello <b>Bob</b>, see https://example.org/a?b=c.');
    await bob.waitForSelector('#note:not([hidden])');
    assert.equal(await bob.textContent('#unread'), '1');
    assert.match((await bob.textContent('#note')) ?? '', /^Ann: Hello <b>Bob<\/b>/);
    await bob.click('#note button');
    await bob.waitForSelector('#unread', { state: 'hidden' });
    const link = bob.locator('#messages a');
    assert.deepEqual([await link.getAttribute('href'), await link.getAttribute('rel')], ['https://example.org/a?b=c', 'noopener noreferrer nofollow']);
    assert.equal(await bob.locator('#messages b').count(), 0);
    for (let i = 1; i <= 10; i++) await say(i % 2 ? bob : ann, `line ${i}`);
    for (const page of [ann, bob]) {
      await page.waitForFunction(() => document.querySelectorAll('#messages li[data-state="sent"]').length === 11);
    }
    assert.deepEqual(await texts(ann), await texts(bob));
    assert.deepEqual((await texts(ann)).filter((t) => /[13579]$/.test(t)), ['line 1', 'line 3', 'line 5', 'line 7', 'line 9']);
    assert.equal(await bob.locator('#messages li.own').count(), 5);

    const cleo = await site.enter(url, 'Cleo');
    await cleo.waitForFunction(() => document.querySelector('#unread')?.textContent === '11');
    await cleo.click('#chat');
    assert.deepEqual(await texts(cleo), await texts(ann));
    assert.equal(await cleo.locator('#messages li.own').count(), 0);
    await site.done();
  });

  test('lines written while the server is dead arrive once, in order', async () => {
    const { ann, bob } = await pair();
    await Promise.all([ann.click('#chat'), bob.click('#chat')]);
    await say(ann, 'before');
    await bob.waitForSelector('#messages li');
    await site.server.kill();
    await say(ann, 'meanwhile');
    await say(ann, 'and more');
    assert.equal(await ann.locator('#messages li[data-state="sending"]').count(), 2);
    await site.server.again();
    for (const page of [ann, bob]) {
      await page.waitForFunction(() => document.querySelectorAll('#messages li[data-state="sent"]').length === 3, undefined, { timeout: 60_000 });
      assert.deepEqual(await texts(page), ['before', 'meanwhile', 'and more']);
    }
    await site.done();
  });

  test('a file goes from one browser to the other, whole', async () => {
    const { ann, bob } = await pair();
    await ann.click('#chat');
    const bytes = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(300_000, 'guichet ')]);
    await ann.setInputFiles('.compose input[type=file]', { name: 'Form 7.pdf', mimeType: 'application/pdf', buffer: bytes });
    await ann.waitForSelector('.file[data-state="sent"]');
    assert.match((await ann.getAttribute('.file .about', 'title')) ?? '', new RegExp(sha256(bytes)));
    await bob.waitForSelector('#note:not([hidden])');
    assert.match((await bob.textContent('#note')) ?? '', /^Ann: Form 7\.pdf/);
    await bob.click('#chat');
    const [download] = await Promise.all([bob.waitForEvent('download'), bob.click('.file .small')]);
    assert.equal(download.suggestedFilename(), 'Form 7.pdf');
    assert.equal(sha256(await readFile(await download.path())), sha256(bytes));
    await bob.waitForSelector('body[data-screen="call"]');
    await site.done();
  });

  test('a file that is not taken says why, in words', async () => {
    const { ann } = await pair();
    await ann.click('#chat');
    const send = (/** @type {string} */ name, /** @type {Buffer} */ buffer) =>
      ann.setInputFiles('.compose input[type=file]', { name, mimeType: 'application/octet-stream', buffer });
    const reason = async (/** @type {string} */ name) => {
      const card = ann.locator('.file', { hasText: name });
      await card.and(ann.locator('[data-state="failed"]')).waitFor();
      return card.locator('.state span').textContent();
    };
    await send('virus.exe', Buffer.from('MZ'));
    assert.equal(await reason('virus.exe'), 'Not sent. Files of this type are not taken: send a document, a picture or plain text.');
    await send('fake.pdf', Buffer.from('MZ'));
    assert.equal(await reason('fake.pdf'), 'Not sent. The file is not what its name says.');
    await send('empty.txt', Buffer.alloc(0));
    assert.equal(await reason('empty.txt'), 'Not sent. The file is empty.');
    await send('huge.txt', Buffer.alloc(26 << 20, 'a'));
    assert.match((await reason('huge.txt')) ?? '', /^Not sent\. The file is too large: 25 MB are taken at most\.$/);
    await ann.locator('.file', { hasText: 'huge.txt' }).getByText('Remove').click();
    assert.equal(await ann.locator('.file').count(), 3);
    await site.done();
  });

  for (const [way, init] of /** @type {[string, string][]} */ ([
    ['by the shutter', ''],
    ['from the video', 'delete window.ImageCapture;'],
  ])) {
    test(`a photo that an agent asks for arrives as it was taken, ${way}`, async () => {
      const { conference, ann } = await pair(init);
      const anna = await agent(conference);
      const targetUserEndpointId = await anna.endpointOf('Ann');
      const seat = { conferenceId: conference, userEndpointId: anna.userEndpointId, targetUserEndpointId };
      const { snapshotId } = await site.server.call('/rtc-api/snapshots/request', { ...seat, snapshotType: 'PASSPORT' });
      await ann.waitForSelector('#photo-send');
      assert.equal(await ann.textContent('#photo-title'), 'Anna Meier asks for a photo');
      const live = await ann.evaluate(() => /** @type {any} */ (document.querySelector('#self')).srcObject.getVideoTracks()[0].getSettings().width);
      await ann.click('#photo-send');
      await ann.waitForSelector('#photo .done');
      const size = await ann.evaluate(() => /** @type {HTMLImageElement} */ (document.querySelector('#photo img')).naturalWidth);
      assert.ok(size >= live, `${size} px from a camera of ${live}`);
      const [snapshot] = await site.server.call(`/rtc-api/snapshots?conferenceId=${conference}`, undefined, 'GET');
      assert.deepEqual([snapshot.snapshotId, snapshot.state], [snapshotId, 'ACQUIRED']);
      const { url } = await site.server.call(`/rtc-api/snapshots/${snapshotId}/signedUrl`, {});
      const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
      assert.equal(sha256(bytes), snapshot.sha256);
      assert.equal(bytes.length, snapshot.size);
      await ann.click('#photo .primary');
      // The call's video went on, on the same track.
      assert.equal(await ann.evaluate(() => /** @type {any} */ (document.querySelector('#self')).srcObject.getVideoTracks()[0].readyState), 'live');
      assert.equal(await ann.getAttribute('#camera', 'aria-pressed'), 'true');
      await site.done();
    });
  }

  test('a photo is declined, and the camera keeps to its question', async () => {
    const { conference, ann } = await pair();
    const anna = await agent(conference);
    const seat = { conferenceId: conference, userEndpointId: anna.userEndpointId, targetUserEndpointId: await anna.endpointOf('Ann') };
    await site.server.call('/rtc-api/snapshots/request', seat);
    await ann.waitForSelector('#photo-send');
    await ann.keyboard.press('Escape');
    await ann.waitForSelector('#photo', { state: 'detached' });
    const state = async () => (await site.server.call(`/rtc-api/snapshots?conferenceId=${conference}`, undefined, 'GET'))[0].state;
    while ((await state()) === 'REQUESTED') await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await state(), 'DECLINED');
    // The test's browser has one camera without a light: the answer says so, and nobody is asked.
    const answered = ann.waitForRequest((r) => r.url().endsWith('/cameraRequestRespond'));
    await site.server.call('/rtc-api/snapshots/cameraRequest', { ...seat, cameraRequestType: 'FLASH_ON' });
    const answer = (await answered).postDataJSON();
    assert.deepEqual([answer.succeeded, answer.additionalInformation], [false, 'this camera has no light']);
    assert.equal(await ann.locator('dialog[open]').count(), 0);
    await site.done();
  });

  test('everybody sees who is there, and how good the network is', async () => {
    const { ann, bob } = await pair();
    await ann.click('#people');
    await ann.waitForFunction(() => document.querySelectorAll('.people li').length === 2);
    assert.match((await ann.locator('.people li').first().textContent()) ?? '', /Ann.*You/);
    assert.equal(await ann.locator('.people li').nth(1).locator('.role').first().textContent(), 'Customer');
    await bob.click('#microphone');
    await ann.waitForSelector('.people li:nth-child(2) [aria-label="Microphone is off"]');
    await ann.waitForSelector('.people li:nth-child(2) .bars[data-grade]');
    await ann.waitForSelector('#network[data-grade]');
    await site.done();
  });
});
