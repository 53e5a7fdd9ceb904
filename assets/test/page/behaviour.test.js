// @ts-check
/** What the page does when things happen to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customers, until } from '../../testbed/play.js';
import { meet, preview } from '../../testbed/scenes.js';
import { World } from '../../testbed/world.js';

const { browser, scene } = customers();

/** @param {World} world @param {string} path */
const count = (world, path) => world.requests.filter((r) => r.path.endsWith(path)).length;

/** The network says that it is back. @param {World} world */
const online = (world) => world.page.evaluate(() => void dispatchEvent(new Event('online')));

/** Every media connection goes into a state. @param {World} world @param {string} state */
const connections = (world, state) =>
  world.page.evaluate((s) => { for (const c of [.../** @type {any} */ (window).fake.connections]) c.become(s); }, state);

test('who comes too early is let in when it is time, by the server\'s clock', async () => {
  const world = await World.open(browser());
  const live = world.invitation;
  // The browser's clock is years off: only the distance counts.
  const now = Date.parse('2031-01-01T00:00:00.000Z');
  world.invitation = [200, { ...live[1], now: new Date(now).toISOString(), opensAt: new Date(now + 1500).toISOString() }];
  await world.visit();
  await world.shows('early');
  assert.match((await world.page.textContent('#early-wait')) ?? '', /in 1 minute/);
  world.invitation = live;
  await world.shows('invite');
  assert.deepEqual(world.complaints, []);
  await world.context.close();
});

scene('a held call says so, and goes on by itself', async (w) => {
  await meet(w);
  w.hold();
  await w.page.waitForSelector('#held:not([hidden])');
  assert.match((await w.page.textContent('#status')) ?? '', /on hold/);
  w.hold(false);
  await w.page.waitForSelector('#held', { state: 'hidden' });
  assert.match((await w.page.textContent('#status')) ?? '', /goes on/);
});

scene('the keyboard alone leads into the call and out of it', async (w) => {
  await w.shows('invite');
  const press = async (/** @type {string} */ id) => {
    for (let i = 0; i < 20; i++) {
      await w.page.keyboard.press('Tab');
      if ((await w.page.evaluate(() => document.activeElement?.id)) === id) return w.page.keyboard.press('Enter');
    }
    assert.fail(`Tab does not reach #${id}`);
  };
  await press('ask');
  await w.shows('preview');
  await press('join');
  await w.shows('waiting');
  assert.equal(await w.page.evaluate(() => document.activeElement?.id), 'call-title');
  await press('microphone');
  await w.page.waitForSelector('#microphone[aria-pressed="false"]');
  await w.page.keyboard.press('Control+d');
  await w.page.waitForSelector('#microphone[aria-pressed="true"]');
  await w.page.keyboard.press('Control+Shift+H');
  await w.shows('ended');
});

scene('a ticket that another browser holds', async (w) => {
  await preview(w);
  w.token = [400, { error: 'invalid_grant', error_description: 'Ticket nwi-ssh was used' }];
  await w.page.click('#join');
  await w.shows('used');
});

scene('a ticket that expired while the preview was open', async (w) => {
  await preview(w);
  w.token = [400, { error: 'invalid_grant', error_description: 'no' }];
  w.invitation = [410, { code: 'gone', message: 'this link has expired' }];
  await w.page.click('#join');
  await w.shows('expired');
});

scene('a name is remembered and what the page needs is sent', async (w) => {
  await meet(w);
  const joined = JSON.parse(w.requests.find((r) => r.path.endsWith('/join'))?.body);
  assert.equal(joined.metadata.name, 'Maria Rossi');
  assert.deepEqual(joined.metadata.roles, ['CUSTOMER']);
  const token = new URLSearchParams(w.requests.find((r) => r.path.endsWith('/token'))?.body);
  assert.match(token.get('password') ?? '', /^[0-9a-f]{32}$/);
  await w.page.reload();
  await preview(w);
  assert.equal(await w.page.inputValue('#name'), 'Maria Rossi');
});

scene('an endpoint that the server forgot is registered again, and the call goes on', async (w) => {
  await meet(w);
  w.beat = [404, { code: 'not_found', message: 'no such endpoint' }];
  await online(w);
  await w.page.waitForFunction(() => document.querySelector('.tile[data-video="on"]'));
  await until(() => count(w, '/join') === 2 && count(w, '/publishStream') === 2 && count(w, '/viewStream') === 2);
  await w.shows('call');
});

scene('connections that failed are made again', async (w) => {
  await meet(w);
  await connections(w, 'failed');
  await until(() => count(w, '/publishStream') === 2 && count(w, '/viewStream') === 2);
  assert.equal(count(w, '/join'), 1);
  await until(() => count(w, '/unpublishStream') === 1 && count(w, '/stopViewStream') === 1);
});

scene('a shaky connection is renewed once the network is back', async (w) => {
  await meet(w);
  await connections(w, 'disconnected');
  await online(w);
  await until(() => count(w, '/publishStream') === 2 && count(w, '/viewStream') === 2);
});

scene('news lost on the way are fetched', async (w) => {
  await meet(w);
  const before = count(w, '/simpleView');
  w.state.version += 2; // two events that never arrive
  w.enter({ id: 'ben', name: 'Ben' });
  await w.page.waitForSelector('[data-participant="ben"]');
  assert.ok(count(w, '/simpleView') > before);
});

scene('a camera that stops by itself is offered back', async (w) => {
  await meet(w);
  await w.page.evaluate(() => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('#self'));
    /** @type {MediaStream} */ (video.srcObject).getVideoTracks()[0]?.dispatchEvent(new Event('ended'));
  });
  await w.page.click('#resume');
  await w.page.waitForSelector('#resume', { state: 'hidden' });
  await w.page.waitForSelector('#camera[aria-pressed="true"]');
});

scene('a reload waits for its own lock, a second tab is refused and may take over', async (w) => {
  await w.shows('invite');
  await w.page.reload();
  await w.shows('invite');
  const second = await w.context.newPage();
  await second.goto(w.page.url());
  await second.waitForSelector('body[data-screen="elsewhere"]');
  await second.click('#again');
  await second.waitForSelector('body[data-screen="invite"]');
  await w.shows('elsewhere');
});

scene('a machine that is too slow to give the lock in time is no other tab', async (w) => {
  await w.shows('invite');
}, { init: `const { locks } = navigator; const ask = locks.request.bind(locks); let late = true;
  locks.request = (name, options, ...more) => late ? (late = false, Promise.reject(new DOMException('late', 'TimeoutError'))) : ask(name, options, ...more);` });

scene('a browser without storage joins all the same', async (w) => {
  await meet(w);
}, { init: `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });` });
