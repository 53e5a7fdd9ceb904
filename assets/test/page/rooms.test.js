// @ts-check
/** What a room's page lets its visitor do, by permission, by mouse and by keyboard alone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { leads, list, sit, usual, watch } from '../../testbed/room-scenes.js';
import { meet } from '../../testbed/scenes.js';
import { World, launch } from '../../testbed/world.js';

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** @param {string} name @param {(world: World) => Promise<void>} play @param {object} [claims] */
function scene(name, play, claims = {}) {
  test(name, async () => {
    const world = await World.open(browser);
    await world.visitRoom(claims);
    await play(world);
    assert.deepEqual(world.complaints, []);
    await world.context.close();
  });
}

const note = (/** @type {World} */ w, /** @type {string} */ text) => w.page.getByText(text).first().waitFor();
const labels = (/** @type {World} */ w, /** @type {string} */ id) => w.page.locator(`#acts-${id} button`).allTextContents();

scene('every permission shows its button, and none shows none', async (w) => {
  await sit(w, []);
  await list(w);
  const rows = /** @type {[string, string, string][]} */ ([
    ['room.member.audio_mute', 'ben', 'Turn microphone off'], ['room.member.video_mute', 'ben', 'Turn camera off'], ['room.member.deaf', 'ben', 'Stop them hearing the room'],
    ['room.member.lowerhand', 'ben', 'Lower hand'], ['room.member.demote', 'ben', 'Move to the audience'], ['room.member.remove', 'ben', 'Remove from the room'],
    ['room.member.promote', 'dora', 'Make a member'],
  ]);
  assert.equal(await w.page.locator('.people .acts').count(), 0);
  for (const [permission, id, label] of rows) {
    w.seat('me', { permissions: [permission] });
    await w.page.waitForFunction(([id, label]) => document.querySelector(`#acts-${id}`)?.textContent === label, [id, label]);
  }
  const panel = /** @type {[string, string][]} */ ([
    ['room.lock', '#lock'], ['room.hide_video_muted', '#hide-muted'], ['room.prioritize_handraise', '#hands-first'], ['room.member.remove', '#remove-all'],
    ['room.self.screenshare', '#share-screen'], ['room.self.deaf', '#deaf'], ['room.set_layout', '#room-layout'], ['room.self.set_output_volume', '#output-volume'],
  ]);
  await w.page.click('#more');
  for (const [permission, element] of panel) {
    w.seat('me', { permissions: [permission] });
    await w.page.waitForSelector(element);
    for (const [, other] of panel) if (other !== element) assert.equal(await w.page.isVisible(other), false, `${other} with ${permission}`);
  }
  w.seat('me', { permissions: ['room.self.raisehand'] });
  await w.page.waitForSelector('#hand', { state: 'visible' });
});

scene('a microphone that somebody turned off stays off without the permission, and says why', async (w) => {
  await sit(w, usual.filter((p) => !p.includes('unmute')));
  w.seat('me', { audioMuted: true, videoMuted: true }, 'anna');
  await note(w, 'Anna Meier turned your microphone and camera off.');
  assert.equal(await w.page.getAttribute('#microphone', 'aria-disabled'), 'true');
  await w.page.click('#microphone', { force: true }); // which can be pressed, to be told why
  await note(w, 'You cannot turn it on yourself');
  await w.page.keyboard.press('Control+e');
  assert.deepEqual([await w.page.getAttribute('#microphone', 'aria-pressed'), await w.page.getAttribute('#camera', 'aria-pressed')], ['false', 'false']);
  assert.deepEqual(w.asked('unmuteAudio').concat(w.asked('unmuteVideo')), []);
  w.seat('me', { audioMuted: false }, 'anna');
  await w.page.getByRole('button', { name: 'Turn microphone on' }).click();
  await w.page.waitForSelector('#microphone[aria-pressed="true"]');
});

scene('one\'s own mutes are the server\'s too, and a refusal is told', async (w) => {
  await sit(w);
  await w.page.click('#microphone');
  await w.page.waitForSelector('#microphone[aria-pressed="false"]');
  await w.page.click('#microphone');
  await w.page.waitForSelector('#microphone[aria-pressed="true"]');
  assert.deepEqual([w.asked('muteAudio').length, w.asked('unmuteAudio').length], [1, 1]);
  await w.page.click('#microphone');
  await w.page.waitForFunction(() => document.querySelector('#microphone')?.getAttribute('aria-pressed') === 'false');
  w.refusal = [403, { code: 'forbidden', message: 'the room does not permit you this' }];
  await w.page.click('#microphone');
  await note(w, 'The room does not permit you this.');
  assert.equal(await w.page.getAttribute('#microphone', 'aria-pressed'), 'false');
});

scene('who is promoted chooses what goes on; who is demoted sends nothing', async (w) => {
  await watch(w);
  assert.equal(w.requests.some((r) => r.path.endsWith('/publishStream')), false);
  w.seat('me', { role: 'member', permissions: usual }, 'anna');
  await w.page.getByRole('button', { name: 'Microphone only' }).click();
  await w.page.waitForSelector('#microphone[aria-pressed="true"]');
  assert.equal(await w.page.getAttribute('#camera', 'aria-pressed'), 'false');
  await w.page.waitForFunction(() => /** @type {any} */ (window).fake.connections.size === 3);
  w.seat('me', { role: 'audience', permissions: [] }, 'anna');
  await note(w, 'Anna Meier made you one of the audience.');
  await w.page.waitForFunction(() => /** @type {any} */ (window).fake.connections.size === 2);
  assert.equal(await w.page.isVisible('#microphone'), false);
}, { join_as: 'audience' });

scene('the keyboard alone mutes and removes, and Escape closes what it opened', async (w) => {
  await sit(w, leads);
  await list(w);
  await w.page.focus('[data-endpoint="ben"] > button');
  await w.page.keyboard.press('Enter');
  assert.deepEqual(await labels(w, 'ben'), ['Turn microphone off', 'Turn camera off', 'Stop them hearing the room', 'Lower hand', 'Move to the audience', 'Remove from the room']);
  await w.page.keyboard.press('Tab');
  await w.page.keyboard.press('Enter');
  await w.page.waitForFunction(() => document.activeElement?.textContent === 'Let speak again'); // the focus stays where it was
  assert.deepEqual(w.asked('muteAudio'), [{ conferenceId: 'c1', userEndpointId: 'me', targetUserEndpointId: 'ben' }]);
  await w.page.keyboard.press('Escape');
  assert.equal(await w.page.evaluate(() => document.activeElement?.getAttribute('aria-expanded')), 'false');
  assert.equal(await w.page.isVisible('#side'), true);
  await w.page.keyboard.press('Enter');
  await w.page.click('#acts-ben .danger');
  await w.page.fill('#remove-reason', 'Noise');
  await w.page.click('#remove .primary');
  await w.page.waitForSelector('[data-endpoint="ben"]', { state: 'detached' });
  assert.equal(w.asked('removeMember')[0]?.reason, 'Noise');
});

scene('the stage follows the room: hidden people, raised hands, layout, volumes', async (w) => {
  await sit(w);
  const shown = () => w.page.evaluate(() => [...document.querySelectorAll('.tile')].filter((t) => t.checkVisibility())
    .sort((a, b) => Number(getComputedStyle(a).order) - Number(getComputedStyle(b).order)).map((t) => /** @type {HTMLElement} */ (t).dataset.person).join());
  assert.equal(await shown(), 'anna,ben'); // the audience has no tile
  w.changeRoom({ prioritizeHandraise: true });
  await w.page.waitForFunction(() => document.querySelector('.tile[data-person="ben"]')?.getAttribute('style')?.includes('-1'));
  assert.equal(await shown(), 'ben,anna');
  w.mute('anna', 'video');
  w.changeRoom({ hideVideoMuted: true });
  await w.page.waitForSelector('.tile[data-person="anna"]', { state: 'hidden' });
  w.changeRoom({ hideVideoMuted: false, layout: 'highlight-1-responsive', positions: { anna: 'reserved-1' } });
  await w.page.waitForSelector('.tile[data-person="anna"][data-front]');
  w.seat('ben', { inputVolume: -50 });
  await w.page.waitForFunction(() => Math.abs((/** @type {HTMLVideoElement} */ (document.querySelector('video[data-participant="ben"]'))?.volume) - 0.1) < 0.01);
  w.changeRoom({ layout: '5x5' });
  await w.page.waitForFunction(() => !document.querySelector('[data-front]'));
});

scene('the token leaves the address bar and comes back with a reload, in this tab alone', async (w) => {
  await w.shows('invite');
  assert.equal(await w.page.evaluate('location.href'), 'https://guichet.test/r/standup');
  assert.equal(await w.page.evaluate('localStorage.length'), 0);
  await w.page.reload();
  await w.shows('invite');
  const other = await w.context.newPage();
  await other.goto('https://guichet.test/r/standup');
  await other.waitForSelector('body[data-screen="broken"]');
});

test('a call of a ticket knows nothing of rooms', async () => {
  const world = await World.open(browser);
  await world.visit();
  await meet(world);
  await world.page.waitForSelector('#messages[aria-busy="false"]', { state: 'attached' });
  assert.deepEqual([await world.page.locator('#hand').count(), await world.page.evaluate('document.styleSheets.length')], [0, 4]);
  await world.context.close();
});
