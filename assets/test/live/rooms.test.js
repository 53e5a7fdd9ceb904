// @ts-check
/** Rooms in the page against the real server: what one member does to another, and what a page cannot do by itself. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { leads, usual } from '../../testbed/room-scenes.js';
import { Server, program } from '../../testbed/server.js';
import { launch } from '../../testbed/world.js';

const timeout = 60_000;
/** Keeps the page's connections, for counting. */
const counting = `
  window.connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...a) { super(...a); window.connections.push(this); } };
`;

describe('in a room', { skip: program ? false : 'there is no server program' }, () => {
  /** @type {Server} */
  let server;
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {string[]} */
  let complaints = [];
  let rooms = 0;
  before(async () => {
    [server, browser] = await Promise.all([Server.start(), launch()]);
  });
  after(async () => {
    await browser.close();
    await server.stop();
  });

  /** The link of a new token. @param {string} room @param {object} [fields] */
  async function link(room, fields = {}) {
    const answer = await fetch(`${server.ready.url}/api/video/room_tokens`, {
      method: 'POST',
      headers: { Authorization: `Basic ${btoa('project_id:token')}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ room_name: room, permissions: usual, ...fields }),
    });
    if (!answer.ok) throw new Error(`room token: ${answer.status} ${await answer.text()}`);
    return `${server.ready.url}/r/${room}#${(await answer.json()).token}`;
  }

  /** @param {string} url @param {string} [init] */
  async function visit(url, init = '') {
    const context = await browser.newContext();
    await context.addInitScript(counting + init);
    const page = await context.newPage();
    page.setDefaultTimeout(timeout);
    page.on('pageerror', (err) => complaints.push(String(err)));
    page.on('console', (m) => /Content Security/.test(m.text()) && complaints.push(m.text()));
    await page.goto(url);
    return page;
  }

  /** Comes in as a member. @param {string} url @param {string} [init] */
  async function enter(url, init) {
    const page = await visit(url, init);
    await page.click('#ask');
    await page.click('#join');
    await page.waitForSelector('body[data-screen="call"], body[data-screen="waiting"]');
    await page.waitForSelector('#hand', { state: 'attached' });
    return page;
  }

  const room = () => `room-${++rooms}`;
  const state = (/** @type {import('playwright-core').Page} */ page, /** @type {string} */ button) => page.getAttribute(button, 'aria-pressed');
  const pressed = (/** @type {import('playwright-core').Page} */ page, /** @type {string} */ button, on = true) => page.waitForSelector(`${button}[aria-pressed="${on}"]`);

  /** Opens what may be done to somebody. @param {import('playwright-core').Page} page @param {string} name */
  async function menu(page, name) {
    if (!(await page.isVisible('#side'))) await page.click('#people');
    const row = page.locator('.people li', { hasText: name });
    const button = row.locator('> button');
    if ((await button.getAttribute('aria-expanded')) !== 'true') await button.click();
    return (/** @type {string} */ label) => row.getByRole('button', { name: label, exact: true }).click();
  }

  /**
   * How many bytes of a kind arrive from the first stream of the others within
   * some seconds, as the browser counts the packets.
   * @param {import('playwright-core').Page} page @param {'audio' | 'video'} kind
   */
  const bytes = (page, kind, seconds = 1.5, way = 'inbound-rtp') => page.evaluate(async ({ kind, seconds, way }) => {
    const w = /** @type {any} */ (window);
    const count = async () => {
      let sum = 0;
      for (const pc of w.connections) {
        if (pc.connectionState === 'closed') continue;
        for (const s of (await pc.getStats()).values()) if (s.type === way && s.kind === kind) sum += s.bytesReceived ?? s.bytesSent;
      }
      return sum;
    };
    const before = await count();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return (await count()) - before;
  }, { kind, seconds, way });
  /** Waits until something of a kind arrives, or nothing does. @param {import('playwright-core').Page} page @param {'audio' | 'video'} kind @param {boolean} flows */
  async function flow(page, kind, flows) {
    const deadline = performance.now() + timeout;
    for (;;) {
      const n = await bytes(page, kind);
      if (flows ? n > 1000 : n === 0) return;
      assert.ok(performance.now() < deadline, `${n} bytes of ${kind} in 1.5 s`);
    }
  }

  /** @param {...import('playwright-core').Page} pages */
  async function done(...pages) {
    for (const page of pages) await page.context().close();
    assert.deepEqual(complaints, []);
    complaints = [];
  }

  test('one mutes, demotes, promotes and removes another', async () => {
    const name = room();
    const [anna, maria] = await Promise.all([
      link(name, { user_name: 'Anna', permissions: leads }).then((url) => enter(url)),
      link(name, { user_name: 'Maria' }).then((url) => enter(url)),
    ]);
    await anna.waitForSelector('.tile[data-video="on"]');
    assert.equal(new URL(maria.url()).hash, '');
    await flow(anna, 'audio', true);

    let press = await menu(anna, 'Maria');
    await press('Turn microphone off');
    await pressed(maria, '#microphone', false);
    await flow(anna, 'audio', false);
    assert.match((await maria.textContent('#note')) ?? '', /^Anna turned your microphone off/);
    await maria.click('#microphone'); // her token lets her turn it on
    await pressed(maria, '#microphone');
    await flow(anna, 'audio', true);

    press = await menu(anna, 'Maria');
    await press('Turn camera off');
    await pressed(maria, '#camera', false);
    await flow(anna, 'video', false);
    await maria.click('#camera');
    await flow(anna, 'video', true);

    press = await menu(anna, 'Maria');
    await press('Move to the audience');
    await maria.waitForSelector('#watching:not([hidden])');
    assert.equal(await maria.isVisible('#microphone'), false);
    await flow(anna, 'audio', false);
    press = await menu(anna, 'Maria');
    await press('Make a member');
    await maria.click('#promoted >> text=Turn on microphone and camera');
    await flow(anna, 'audio', true);
    await flow(anna, 'video', true);
    assert.deepEqual([await state(maria, '#microphone'), await state(maria, '#camera')], ['true', 'true']);

    press = await menu(anna, 'Maria');
    await press('Remove from the room');
    await anna.fill('#remove-reason', 'Noise');
    await anna.click('#remove .primary');
    await maria.waitForSelector('body[data-screen="removed"]');
    assert.match((await maria.textContent('#notice-text')) ?? '', /Noise/);
    await anna.waitForSelector('body[data-screen="waiting"]');
    await maria.reload();
    await maria.click('#without');
    await maria.click('#join');
    await maria.waitForSelector('body[data-screen="removed"]');
    await done(anna, maria);
  });

  test('a page that keeps sending is not heard and not seen while it is muted', async () => {
    const name = room();
    const stubborn = `
      Object.defineProperty(MediaStreamTrack.prototype, 'enabled', { get: () => true, set: () => undefined });
      MediaStreamTrack.prototype.stop = () => undefined;
      const replace = RTCRtpSender.prototype.replaceTrack;
      RTCRtpSender.prototype.replaceTrack = function (track) { return track ? replace.call(this, track) : Promise.resolve(); };`;
    const [anna, maria] = await Promise.all([
      link(name, { user_name: 'Anna', permissions: leads }).then((url) => enter(url)),
      link(name, { user_name: 'Maria' }).then((url) => enter(url, stubborn)),
    ]);
    await Promise.all([flow(anna, 'audio', true), flow(anna, 'video', true)]);
    const press = await menu(anna, 'Maria');
    await press('Turn microphone off');
    await press('Turn camera off');
    await pressed(maria, '#camera', false);
    await Promise.all([flow(anna, 'audio', false), flow(anna, 'video', false)]);
    for (const kind of /** @type {const} */ (['audio', 'video'])) assert.ok((await bytes(maria, kind, 1.5, 'outbound-rtp')) > 1000, `${kind} is not even sent`);
    assert.equal(await bytes(anna, 'audio') + await bytes(anna, 'video'), 0);
    await done(anna, maria);
  });

  test('somebody of the audience is asked for no device, sends nothing, and comes back after a reload', async () => {
    const name = room();
    const asked = `window.asked = 0; navigator.mediaDevices.getUserMedia = () => { window.asked++; throw new DOMException('no', 'NotAllowedError'); };`;
    const anna = await enter(await link(name, { user_name: 'Anna' }));
    const url = await link(name, { user_name: 'Dora', join_as: 'audience' });
    /** @type {string[]} */
    const seen = [];
    const dora = await visit(url, asked);
    dora.on('request', (r) => seen.push(`${r.url()} ${r.headers()['referer'] ?? ''}`));
    for (let i = 0; i < 2; i++) {
      await dora.click('text=Watch now');
      await dora.waitForSelector('#watching:not([hidden])');
      await dora.waitForSelector('.tile[data-video="on"]');
      await flow(dora, 'audio', true);
      assert.deepEqual([await dora.isVisible('#microphone'), await dora.isVisible('#camera'), await dora.isVisible('#self-view')], [false, false, false]);
      await dora.keyboard.press('Control+e');
      assert.equal(await dora.evaluate('window.asked'), 0);
      assert.equal(await dora.evaluate('location.href'), `${server.ready.url}/r/${name}`);
      if (i === 0) await dora.reload();
    }
    const token = new URL(url).hash.slice(1);
    assert.deepEqual(seen.filter((s) => s.includes(token)), []);
    await anna.waitForSelector('body[data-screen="call"]');
    assert.equal(await anna.locator('#stage video').count(), 0);
    await done(anna, dora);
  });

  test('rooms that are locked, full, too early, too late or not there say so', async () => {
    const name = room();
    const anna = await enter(await link(name, { permissions: leads }));
    await anna.click('#more');
    await anna.click('#lock');
    await anna.click('#more');
    await anna.waitForSelector('text=Unlock the room');
    const maria = await visit(await link(name));
    const come = async () => {
      await maria.click('#without');
      await maria.click('#join');
    };
    await come();
    await maria.waitForSelector('body[data-screen="locked"]');
    await anna.click('#lock');
    await maria.click('#again');
    await maria.click('#join');
    await maria.waitForSelector('body[data-screen="call"]');
    const absent = await visit(await link(room(), { auto_create_room: false }));
    await absent.click('#without');
    await absent.click('#join');
    await absent.waitForSelector('body[data-screen="absent"]');
    const at = (/** @type {number} */ seconds) => new Date(Date.now() + seconds * 1000).toISOString();
    const [early, late] = await Promise.all([
      link(name, { join_from: at(15) }).then((url) => visit(url)),
      link(name, { join_from: at(-60), join_until: at(-30) }).then((url) => visit(url)),
    ]);
    await late.waitForSelector('body[data-screen="late"]');
    await early.waitForSelector('body[data-screen="early"]');
    await early.waitForSelector('body[data-screen="invite"]'); // by itself
    await early.click('#ask');
    await early.click('#join');
    await early.waitForSelector('body[data-screen="call"]');
    await done(anna, maria, absent, late, early);
  });

  test('whose time is up is told so, and a muted customer of a ticket gets a seat', async () => {
    const name = room();
    const guest = await enter(await link(name, { remove_after_seconds_elapsed: 4 }));
    await guest.waitForSelector('body[data-screen="over"]');
    const conference = await server.conference();
    const { url } = await server.ticket(conference);
    const maria = await visit(url);
    await maria.click('#ask');
    await maria.click('#join');
    await maria.waitForSelector('body[data-screen="waiting"]');
    const userEndpointId = await server.call('/rtc-api/users/endpoints', { keepAliveSeconds: 60 });
    await server.call('/rtc-api/conferences/join', { conferenceId: conference, userEndpointId, metadata: { name: 'Anna Meier' } });
    const view = await server.call(`/rtc-api/conferences/${conference}/simpleView`, undefined, 'GET');
    const target = view.participants.flatMap((/** @type {any} */ p) => p.endpoints).find((/** @type {any} */ e) => e.id !== userEndpointId).id;
    const body = { conferenceId: conference, userEndpointId, targetUserEndpointId: target };
    await server.call('/rtc-api/conferences/muteAudio', body);
    await pressed(maria, '#microphone', false);
    await maria.click('#microphone');
    await pressed(maria, '#microphone');
    await server.call('/rtc-api/conferences/removeMember', { ...body, reason: 'Closed' });
    await maria.waitForSelector('body[data-screen="removed"]');
    await done(guest, maria);
  });

  test('a screen is shared where the token says so, and ends with the right', async () => {
    const name = room();
    const screen = `navigator.mediaDevices.getDisplayMedia = () => navigator.mediaDevices.getUserMedia({ video: true });`;
    const [anna, maria] = await Promise.all([
      link(name, { user_name: 'Anna', permissions: leads }).then((url) => enter(url)),
      link(name, { user_name: 'Maria' }).then((url) => enter(url, screen)),
    ]);
    await maria.click('#more');
    await maria.click('#share-screen');
    await anna.waitForSelector('.tile[data-video="on"] >> text=Maria’s screen');
    const press = await menu(anna, 'Maria');
    await press('Move to the audience');
    await anna.waitForFunction(() => document.querySelectorAll('.tile').length === 1);
    await maria.waitForSelector('#watching:not([hidden])');
    await maria.click('#more');
    await maria.waitForSelector('#panel[open]');
    assert.equal(await maria.isVisible('#share-screen'), false);
    const other = await enter(await link(name, { permissions: usual.filter((p) => !p.endsWith('screenshare')) }));
    await other.click('#more');
    assert.equal(await other.isVisible('#share-screen'), false);
    await done(anna, maria, other);
  });

  test('a page of one\'s own joins with the library, sees the seats and acts on them', async () => {
    const name = room();
    const maria = await enter(await link(name, { user_name: 'Maria' }));
    const page = await visit(`${server.ready.url}/docs`);
    const url = await link(name, { user_name: 'Robot', permissions: ['room.member.audio_mute', 'room.lock'] });
    const seen = await page.evaluate(async (roomToken) => {
      const { join } = await import(/** @type {any} */ ('/assets/lib/guichet.js'));
      const { call, members, moderation } = await join({ roomToken });
      const other = call.people.find((/** @type {any} */ p) => !p.self);
      const before = [other.name, members.own.name, members.may('muteAudio', other.id), members.may('unmuteAudio', other.id), members.may('lock')];
      const changed = new Promise((resolve) => members.addEventListener('change', () => members.of(other.id)?.audioMuted && resolve(true)));
      await moderation.muteAudio(other.id);
      await changed;
      const refused = await moderation.unmuteAudio(other.id).catch((/** @type {any} */ err) => err.code);
      const none = await join({ roomToken: 'nothing' }).catch((/** @type {any} */ err) => err.code);
      await call.leave();
      return [...before, refused, none];
    }, url);
    assert.deepEqual(seen, ['Maria', 'Robot', true, false, true, 'forbidden', 'invalid_request']);
    await pressed(maria, '#microphone', false);
    await done(maria, page);
  });
});
