// @ts-check
/** Chat, people, photos and the camera's requests in the page, by mouse and by keyboard alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customers, until } from '../../testbed/play.js';
import { chat, meet } from '../../testbed/scenes.js';
import { World } from '../../testbed/world.js';

const { browser, scene } = customers();

const focus = (/** @type {World} */ w) => w.page.evaluate(() => document.activeElement?.id);
const ready = (/** @type {World} */ w) => w.page.waitForSelector('#messages[aria-busy="false"]', { state: 'attached' });
/** What the page answered to requests to its camera. @param {World} w */
const answers = (w) => w.requests.filter((r) => r.path.endsWith('/cameraRequestRespond')).map((r) => JSON.parse(r.body));
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A browser with two cameras and a light. */
const cameras = `
  const media = navigator.mediaDevices;
  const list = media.enumerateDevices.bind(media);
  const open = media.getUserMedia.bind(media);
  media.enumerateDevices = async () => [...await list(), { kind: 'videoinput', deviceId: 'back', label: 'Back', groupId: 'b' }];
  media.getUserMedia = async (wish) => {
    const back = wish.video?.deviceId?.exact === 'back';
    const stream = await open(back ? { video: true } : wish);
    const track = stream.getVideoTracks()[0];
    if (track && back) {
      track.getSettings = () => ({ deviceId: 'back', width: 640 });
      track.getCapabilities = () => ({ torch: true });
      track.applyConstraints = async (c) => { window.torch = c.advanced?.[0]?.torch; };
    }
    return stream;
  };`;

test('a photo that is asked for while the page still loads is not forgotten', async () => {
  const world = await World.open(browser());
  /** @type {(load: void) => void} */
  let load = () => undefined;
  const loaded = new Promise((resolve) => { load = resolve; });
  await world.page.route('**/customer/extras.js', async (route) => {
    await loaded;
    await route.fallback();
  });
  await world.visit();
  await meet(world);
  world.ask({ snapshotId: 'p1' });
  world.enter({ id: 'ben', name: 'Ben' });
  await world.page.waitForSelector('[data-participant="ben"]'); // which came after it
  assert.equal(await world.page.locator('#photo').count(), 0);
  load();
  await world.page.waitForSelector('#photo-send');
  assert.deepEqual(world.complaints, []);
  await world.context.close();
});

scene('the keyboard alone opens, writes, changes and closes the panel', async (w) => {
  await meet(w);
  await ready(w);
  await w.page.focus('#chat');
  await w.page.keyboard.press('Enter');
  await w.page.waitForSelector('#side[data-shows="chat"]');
  assert.equal(await focus(w), 'write');
  await w.page.keyboard.type('Hello');
  await w.page.keyboard.press('Shift+Enter');
  await w.page.keyboard.type('you');
  await w.page.keyboard.press('Enter');
  await w.page.waitForSelector('#messages li[data-state="sent"]');
  assert.equal(w.messages[0]?.text, 'Hello\nyou');
  assert.equal(await w.page.inputValue('#write'), '');
  await w.page.focus('#people');
  await w.page.keyboard.press('Enter');
  await w.page.waitForSelector('#side[data-shows="people"]');
  assert.deepEqual([await w.page.getAttribute('#chat', 'aria-expanded'), await w.page.getAttribute('#people', 'aria-expanded')], ['false', 'true']);
  assert.equal(await focus(w), 'side-title');
  await w.page.keyboard.press('Escape');
  await w.page.waitForSelector('#side', { state: 'hidden' });
  assert.equal(await focus(w), 'people');
});

scene('on a phone the panel opens without the touch keyboard, between people and bar', async (w) => {
  await chat(w);
  assert.equal(await focus(w), 'side-title');
  const box = async (/** @type {string} */ s) => /** @type {{ x: number, y: number, width: number, height: number }} */ (await w.page.locator(s).boundingBox());
  const [side, bar, stage] = [await box('#side'), await box('#bar'), await box('#stage')];
  assert.ok(side.y > 200 && side.y + side.height <= bar.y + 1 && stage.y + stage.height <= side.y + 1, JSON.stringify({ side, bar, stage }));
  for (const s of ['#bar button', '#write', '#attach']) {
    const size = await box(`${s} >> visible=true >> nth=0`);
    assert.ok(size.height >= 48, `${s}: ${size.height}`);
  }
}, phone);

scene('what comes while nobody looks is counted, told of and read', async (w) => {
  await meet(w);
  await ready(w);
  w.say('anna', 'Anna', 'one');
  await w.page.waitForSelector('#note:not([hidden])');
  assert.equal(await w.page.textContent('#status'), 'Anna writes: one');
  w.file('anna', 'form.pdf', 4);
  await w.page.waitForFunction(() => document.querySelector('#unread')?.textContent === '2');
  assert.equal((await w.page.textContent('#chat'))?.replace(/\s+/g, ' ').trim(), 'Chat, unread messages:2');
  await w.page.click('#note button');
  await w.page.waitForSelector('#unread', { state: 'hidden' });
  assert.equal(await w.page.isVisible('#note'), false);
  w.say('anna', 'Anna', 'two');
  await w.page.waitForSelector('#messages li:nth-child(3)');
  assert.equal(await w.page.isVisible('#unread'), false);
});

scene('a text that is too long stays in the field and says so', async (w) => {
  await chat(w);
  await w.page.fill('#write', 'é'.repeat(2100));
  await w.page.press('#write', 'Enter');
  await w.page.waitForSelector('.problem:not([hidden])');
  assert.equal((await w.page.inputValue('#write')).length, 2100);
  assert.equal(w.messages.length, 0);
});

scene('a line that was refused goes with another press', async (w) => {
  await chat(w);
  w.refusal = [403, { code: 'forbidden', message: 'only who is in the conference may do this' }];
  await w.page.fill('#write', 'Hello');
  await w.page.press('#write', 'Enter');
  await w.page.waitForSelector('#messages li[data-state="failed"]');
  assert.match((await w.page.textContent('#messages .state')) ?? '', /^Not sent\. Only who is in the conference may do this\./);
  w.refusal = null;
  await w.page.click('#messages .small');
  await w.page.waitForSelector('#messages li[data-state="sent"]');
  const ids = w.requests.filter((r) => r.path.endsWith('/sendMessage')).map((r) => JSON.parse(r.body).messageId);
  assert.equal(new Set(ids).size, 1);
});

scene('who reads above is not pulled away by what comes', async (w) => {
  for (let i = 0; i < 60; i++) w.say('anna', 'Anna', `line ${i}`);
  await chat(w);
  await w.page.waitForSelector('#messages li:nth-child(60)');
  const top = () => w.page.evaluate(() => document.querySelector('#messages')?.scrollTop ?? -1);
  assert.ok((await top()) > 100);
  await w.page.evaluate(() => document.querySelector('#messages')?.scrollTo(0, 0));
  await w.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  w.say('anna', 'Anna', 'and another');
  await w.page.waitForSelector('.newer:not([hidden])');
  assert.equal(await top(), 0);
  await w.page.click('.newer');
  assert.ok((await top()) > 100);
});

scene('another camera is asked for once, and the light is only told of', async (w) => {
  await meet(w);
  await ready(w);
  const request = (/** @type {string} */ id, /** @type {string} */ kind) => w.ask({ snapshotCameraRequestId: id, cameraRequestType: kind });
  request('r1', 'CAMERA_SWITCH');
  await w.page.waitForSelector('#camera-ask[open]');
  assert.equal(await focus(w), 'camera-ask-title');
  await w.page.keyboard.press('Enter'); // meant for something else
  assert.equal(await w.page.isVisible('#camera-ask'), true);
  await w.page.click('#camera-ask .secondary');
  await until(() => answers(w).length === 1);
  request('r2', 'CAMERA_SWITCH');
  await w.page.click('#camera-ask .primary');
  await until(() => answers(w).length === 2);
  request('r3', 'FLASH_ON');
  await until(() => answers(w).length === 3);
  assert.equal(await w.page.evaluate('window.torch'), true);
  await w.page.getByText('Anna Meier turned the light of your camera on.').last().waitFor();
  await w.page.click('#note button');
  assert.equal(await w.page.evaluate('window.torch'), false);
  request('r4', 'CAMERA_SWITCH');
  await until(() => answers(w).length === 4);
  request('r5', 'FLASH_ON');
  await until(() => answers(w).length === 5);
  assert.deepEqual(answers(w).map((a) => [a.snapshotCameraRequestId, a.succeeded, a.additionalInformation]), [
    ['r1', false, 'not allowed now'], ['r2', true, undefined], ['r3', true, undefined], ['r4', true, undefined], ['r5', false, 'this camera has no light'],
  ]);
  assert.equal(await w.page.locator('dialog[open]').count(), 0);
}, { init: cameras });

scene('a camera that is off is not switched, and turned on for a photo only', async (w) => {
  await meet(w);
  await ready(w);
  await w.page.click('#camera');
  w.ask({ snapshotCameraRequestId: 'r1', cameraRequestType: 'CAMERA_SWITCH' });
  await until(() => answers(w).length === 1);
  assert.equal(answers(w)[0].additionalInformation, 'the camera is off');
  w.ask({ snapshotId: 'p1' });
  await w.page.getByText('Turn camera on').click();
  await w.page.click('#photo-send');
  await w.page.waitForSelector('#photo .done');
  assert.equal(await w.page.getAttribute('#camera', 'aria-pressed'), 'false');
  await w.page.click('#photo .primary');
  assert.equal(w.requests.filter((r) => r.path.endsWith('/p1/approve')).length, 1);
});

scene('a photo that did not arrive is sent again, and the next question waits its turn', async (w) => {
  await meet(w);
  await ready(w);
  w.photo = [413, { code: 'too_large', message: 'the file is too large: 26214400 bytes are taken at most' }];
  w.ask({ snapshotId: 'p1' });
  w.ask({ snapshotId: 'p2' });
  await w.page.click('#photo-send');
  const again = w.page.locator('#photo').getByText('Try again');
  await again.waitFor({ timeout: 30_000 });
  assert.match((await w.page.textContent('#photo .words')) ?? '', /^The photo was not sent\. The file is too large: 25 MB are taken at most\.$/);
  w.photo = null;
  await again.click();
  await w.page.waitForSelector('#photo .done');
  assert.equal(await focus(w), '');
  await w.page.keyboard.press('Enter');
  await w.page.waitForSelector('#photo-send');
  await w.page.keyboard.press('Escape');
  await w.page.waitForSelector('#photo', { state: 'detached' });
  await until(() => w.requests.some((r) => r.path.endsWith('/p2/decline')));
  assert.equal(w.requests.filter((r) => r.path.endsWith('/p2/approve')).length, 0);
});

scene('what is asked when the call ends is asked no more', async (w) => {
  await chat(w);
  w.ask({ snapshotId: 'p1' });
  await w.page.waitForSelector('#photo-send');
  w.end('anna');
  await w.shows('ended');
  assert.equal(await w.page.locator('dialog[open]').count(), 0);
  assert.equal(await w.page.locator('.talk').count(), 0);
});

scene('a chat that did not load comes with the next press', async (w) => {
  let blocked = 0;
  await w.context.route('**/extras.js', (route) => (blocked++ === 0 ? route.abort() : route.fallback()));
  await meet(w);
  await until(() => blocked === 1);
  await w.page.click('#chat');
  await w.page.waitForSelector('#side[data-shows="chat"]');
  w.complaints = w.complaints.filter((c) => !/ERR_FAILED/.test(c));
});
