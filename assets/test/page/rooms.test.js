// @ts-check
/** What a room's page lets its visitor do, by permission, by mouse and by keyboard alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from '../../testbed/permissions.js';
import { customers, until } from '../../testbed/play.js';
import { absent, knock, leads, list, sit, usual, watch } from '../../testbed/room-scenes.js';
import { meet } from '../../testbed/scenes.js';
import { World } from '../../testbed/world.js';

const { browser, scene: visit } = customers();
/** @param {string} name @param {(world: World) => Promise<void>} play @param {object} [claims] @param {Parameters<typeof World.open>[1]} [options] */
const scene = (name, play, claims = {}, options = {}) => visit(name, play, { claims, ...options });

/** Counts the devices that are on. */
const devices = `
  window.lit = new Set();
  const media = navigator.mediaDevices;
  const get = media.getUserMedia.bind(media);
  media.getUserMedia = async (wish) => {
    const stream = await get(wish);
    for (const track of stream.getTracks()) {
      window.lit.add(track);
      const stop = track.stop.bind(track);
      track.stop = () => { window.lit.delete(track); stop(); };
    }
    return stream;
  };`;
/** Waits of more than a second that are spread out take a twentieth of one; window.waits are those of now. */
const hurry = `
  const [later, clear, waits] = [window.setTimeout, window.clearTimeout, window.waits = new Set()];
  window.setTimeout = (f, ms, ...a) => {
    if (!(ms > 1000 && ms % 1000)) return later(f, ms, ...a);
    const id = later(() => { waits.delete(id); f(...a); }, 50);
    waits.add(id);
    return id;
  };
  window.clearTimeout = (id) => { waits.delete(id); clear(id); };`;
const note = (/** @type {World} */ w, /** @type {string} */ text) => w.page.getByText(text).first().waitFor();
const labels = (/** @type {World} */ w, /** @type {string} */ id) => w.page.locator(`#acts-${id} button`).allTextContents();

/** Where the controls of permissions.js stand; microphone, camera and the names of layouts are looked at elsewhere. @type {Record<string, string>} */
const places = {
  raiseHand: '#hand', lowerHand: '#hand', deaf: '#deaf', undeaf: '#deaf', screenshare: '#share-screen', additionalSource: '#second-camera', lock: '#lock', unlock: '#lock',
  hideVideoMuted: '#hide-muted', showVideoMuted: '#hide-muted', setPrioritizeHandraise: '#hands-first', setLayout: '#room-layout',
  removeAllMembers: '#remove-all',
};
const elsewhere = /^own ((un)?mute(Audio|Video)|layouts)$/;
/** @param {string} control */
function selectorOf(control) {
  const [where, call = ''] = control.split(' ');
  if (where === 'own') return places[call] ?? `#${call}`;
  const id = where === 'member' ? 'ben' : 'dora';
  return call.startsWith('set') ? `#${call}-${id}` : `#acts-${id} [data-call="${call}"]`;
}

const secondCamera = `
  const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
  navigator.mediaDevices.enumerateDevices = async () => [...await list(), { kind: 'videoinput', deviceId: 'b', label: 'Back', groupId: 'b' }];`;

scene('every permission shows its controls in the middle of a call, and none shows none', async (w) => {
  await sit(w, Object.keys(table).filter((p) => p !== 'room.list_available_layouts'));
  await list(w);
  for (const id of ['ben', 'dora']) await w.page.click(`.people [data-endpoint="${id}"] > button`);
  await w.page.click('#more');
  await w.page.waitForSelector('#room-layout');
  assert.equal(await w.page.locator('#room-layout option').count(), 2);
  w.seat('me', { permissions: Object.keys(table) });
  await w.page.waitForSelector('#room-layout option[value="3x3"]', { state: 'attached' });
  const controls = [...new Set(Object.values(table).flatMap((row) => row.shows).filter((c) => !elsewhere.test(c)).map(selectorOf))].sort();
  /** Waits until these controls show, and no others. @param {string[]} shows @param {string} what */
  const showing = async (shows, what) => {
    const want = [...new Set(shows.filter((c) => !elsewhere.test(c)).map(selectorOf))].sort();
    const now = () => w.page.evaluate((all) => all.filter((s) => {
      const e = document.querySelector(s);
      return e !== null && e.closest('[hidden]') === null;
    }), controls);
    for (const deadline = performance.now() + 10_000; ; ) {
      const found = await now();
      if (found.join() === want.join()) return;
      if (performance.now() > deadline) assert.deepEqual(found, want, what);
    }
  };
  for (const [permission, { shows, also = [], own, others, room }] of Object.entries(table)) {
    const free = { audioMuted: false, videoMuted: false, deaf: false, handRaisedAt: undefined };
    w.changeRoom({ locked: false, hideVideoMuted: false, ...room });
    w.seat('ben', { ...free, ...others });
    w.seat('dora', { ...free, ...others });
    w.seat('me', { ...free, ...own, permissions: [permission, ...also] });
    await showing(shows, permission);
  }
  w.seat('me', { permissions: [] });
  await showing([], 'none');
}, {}, { init: secondCamera });

scene('volumes, sensitivity and places are set, one\'s own and others\'', async (w) => {
  await sit(w, Object.keys(table));
  await list(w);
  await w.page.click('.people [data-endpoint="ben"] > button');
  await w.page.click('#acts-ben summary');
  await w.page.fill('#setInputVolume-ben', '-50'); // one cannot hear him well: a tenth
  await w.page.waitForFunction(() => Math.abs((/** @type {HTMLVideoElement} */ (document.querySelector('video[data-participant="ben"]'))?.volume) - 0.1) < 0.01);
  assert.deepEqual(w.asked('setInputVolume'), [{ conferenceId: 'c1', userEndpointId: 'me', targetUserEndpointId: 'ben', volume: -50 }]);
  // A slider in somebody's hand is not taken away by news.
  await w.page.focus('#setInputSensitivity-ben');
  const slider = await w.page.$('#setInputSensitivity-ben');
  w.seat('ben', { audioMuted: true, handRaisedAt: undefined });
  await w.page.waitForSelector('#acts-ben [data-call="unmuteAudio"]');
  assert.deepEqual(await w.page.evaluate((s) => [s?.isConnected, document.activeElement === s], slider), [true, true]);
  await w.page.fill('#setInputSensitivity-ben', '60');
  await w.page.selectOption('#setMemberPosition-ben', 'off-canvas');
  await w.page.waitForSelector('.tile[data-person="ben"]', { state: 'hidden' });
  w.changeRoom({ positions: { ben: 'reserved-1' }, layout: 'highlight-1-responsive' }); // which counts before his own
  await w.page.waitForSelector('.tile[data-person="ben"][data-front]');
  await w.page.selectOption('#setPositions-ben', 'auto');
  await w.page.waitForSelector('.tile[data-person="ben"]', { state: 'hidden' });
  assert.deepEqual(w.asked('setPositions').map((b) => b.positions), [{}]);
  await w.page.click('#more');
  await w.page.fill('#setOutputVolume', '-50');
  await w.page.fill('#setInputVolume', '25');
  await w.page.selectOption('#setMemberPosition', 'reserved-1');
  await until(() => w.asked('setMemberPosition').length === 2);
  assert.deepEqual([w.seats.me.outputVolume, w.seats.me.inputVolume, w.seats.me.position, w.seats.ben.sensitivity], [-50, 25, 'reserved-1', 60]);
});

scene('a room whose time has not come takes in by itself, whatever the clocks say', async (w) => {
  const now = Date.parse('2031-01-01T00:00:00.000Z'); // the server's, years ahead
  const early = (/** @type {number} */ wait) => [403, { code: 'forbidden', message: 'the room token is not valid yet', reason: 'early', now: new Date(now).toISOString(), notBefore: new Date(now + wait).toISOString() }];
  w.joined = early(1_500);
  await w.shows('invite');
  await w.page.click('#ask');
  await w.page.click('#join');
  await w.shows('early');
  assert.match((await w.page.textContent('#early-wait')) ?? '', /in 1 minute/);
  assert.equal(await w.page.evaluate('window.lit.size'), 0); // no device is on meanwhile
  w.joined = null;
  w.ownSeat = { permissions: usual };
  await w.shows('waiting');
  assert.deepEqual([await w.page.getAttribute('#microphone', 'aria-pressed'), await w.page.getAttribute('#camera', 'aria-pressed')], ['false', 'false']);
  await w.page.getByRole('button', { name: 'Turn on microphone and camera' }).click();
  await w.page.waitForSelector('#camera[aria-pressed="true"]');
  await w.page.waitForSelector('#promoted', { state: 'hidden' });
  assert.equal(w.asked('join').length, 2);
}, {}, { init: devices });

scene('a room that nobody has opened is looked for again and again, also without a network', async (w) => {
  w.joined = absent;
  w.ownSeat = { permissions: usual };
  await knock(w);
  await w.shows('absent');
  await until(() => w.asked('join').length >= 2); // by itself
  w.joined = [429, { code: 'too_many_requests', message: 'too many tries' }];
  await until(() => w.asked('join').length > 12);
  assert.equal(await w.page.getAttribute('body', 'data-screen'), 'absent');
  w.joined = null;
  await w.shows('waiting');
  await w.page.waitForSelector('#hand', { state: 'attached' });
  assert.equal(await w.page.isVisible('#promoted'), false); // who came without devices is not asked for them
  await w.page.click('#leave');
  await w.shows('ended');
}, {}, { init: hurry });

scene('who waits for a room in one tab does not come in there when another takes over', async (w) => {
  w.joined = absent;
  await knock(w);
  await w.shows('absent');
  await w.page.evaluate(() => void navigator.locks.request('guichet.room.room-token-1', { steal: true }, () => new Promise(() => undefined)));
  await w.shows('elsewhere');
  await w.page.waitForFunction(() => /** @type {any} */ (window).waits.size === 0);
  const asked = w.requests.length;
  await w.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.equal(w.requests.slice(asked).filter((r) => r.path.endsWith('/join')).length, 0);
}, {}, { init: hurry });

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
  await w.page.getByText('Anna Meier made you a member of the room: you may speak now.').first().waitFor();
  assert.equal(await w.page.evaluate('window.lit.size'), 0); // asked, and not opened
  await w.page.click('#microphone');
  await w.page.waitForSelector('#microphone[aria-pressed="true"]');
  await w.page.waitForSelector('#promoted', { state: 'hidden' });
  assert.equal(await w.page.getAttribute('#camera', 'aria-pressed'), 'false');
  await w.page.waitForFunction(() => /** @type {any} */ (window).fake.connections.size === 3);
  w.seat('me', { role: 'audience', permissions: [] }, 'anna');
  await note(w, 'Anna Meier made you one of the audience.');
  await w.page.waitForFunction(() => /** @type {any} */ (window).fake.connections.size === 2);
  assert.equal(await w.page.isVisible('#microphone'), false);
  assert.equal(await w.page.evaluate('window.lit.size'), 0); // its light is off
  w.seat('me', { role: 'member', permissions: usual }, 'anna');
  await w.page.getByRole('button', { name: 'Turn on microphone and camera' }).click();
  await w.page.waitForSelector('#camera[aria-pressed="true"]');
  assert.equal(await w.page.evaluate('window.lit.size'), 2);
}, { join_as: 'audience' }, { init: devices });

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

scene('screens are large for who watches, one or several, and people beside them', async (w) => {
  await sit(w);
  const box = async (/** @type {string} */ s) => /** @type {{ x: number, y: number, width: number, height: number }} */ (await w.page.locator(s).boundingBox());
  const area = async (/** @type {string} */ s) => { const { width, height } = await box(s); return width * height; };
  const front = (/** @type {number} */ n) => w.page.waitForFunction((n) => document.querySelectorAll('.tile[data-front]').length === n, n);
  w.share('anna');
  await front(1);
  assert.ok((await area('.tile[data-front]')) > 6 * (await area('.tile[data-person="ben"]')));
  assert.equal(await w.page.getAttribute('.tile[data-front]', 'data-fit'), 'contain'); // no letter is cut off
  w.share('ben');
  await front(2);
  const [first, second] = [await box('.tile[data-front] >> nth=0'), await box('.tile[data-front] >> nth=1')];
  assert.ok(Math.abs(first.width - second.width) < 2 && Math.abs(first.height - second.height) < 2, JSON.stringify([first, second]));
  w.changeRoom({ layout: 'highlight-1-responsive', positions: { anna: 'reserved-1' } }); // a screen goes before people
  await w.page.waitForFunction(() => document.querySelector('#stage')?.getAttribute('data-layout') === 'beside');
  await front(2);
  await w.page.setViewportSize({ width: 390, height: 844 });
  await w.page.waitForFunction(() => document.querySelector('#stage')?.getAttribute('data-layout') === 'below');
  assert.ok((await box('.tile[data-front] >> nth=0')).width > 370);
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
  const world = await World.open(browser());
  await world.visit();
  await meet(world);
  await world.page.waitForSelector('#messages[aria-busy="false"]', { state: 'attached' });
  assert.deepEqual([await world.page.locator('#hand').count(), await world.page.evaluate('document.styleSheets.length')], [0, 4]);
  await world.context.close();
});
