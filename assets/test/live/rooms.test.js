// @ts-check
/** Rooms in the page against the real server: what one member does to another, and what a page cannot do by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { live } from '../../testbed/live.js';
import { leads, usual } from '../../testbed/room-scenes.js';

/** @typedef {import('playwright-core').Page} Page */

const timeout = 60_000;
/** Keeps the page's connections and the tracks of its devices, for counting. */
const counting = `
  window.connections = [];
  window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...a) { super(...a); window.connections.push(this); } };
  window.tracks = [];
  const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await get(wish);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
`;
const audienceIsAsked = `window.asked = 0; navigator.mediaDevices.getUserMedia = () => { window.asked++; throw new DOMException('no', 'NotAllowedError'); };`;

live('in a room', (site) => {
  let rooms = 0;

  /** A call of the video API. @param {string} path @param {object} body */
  async function video(path, body) {
    const answer = await fetch(`${site.server.ready.url}/api/video/${path}`, {
      method: 'POST',
      headers: { Authorization: `Basic ${btoa('project_id:token')}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** The link of a new token. @param {string} room @param {object} [fields] */
  async function link(room, fields = {}) {
    const { token } = await video('room_tokens', { room_name: room, permissions: usual, ...fields });
    return `${site.server.ready.url}/r/${room}#${token}`;
  }

  /** @param {string} url @param {string} [init] */
  const visit = (url, init = '') => site.visit(url, { init: counting + init });

  /** Asks to be let in. @param {string} url @param {string} [init] */
  async function knock(url, init) {
    const page = await visit(url, init);
    await page.click('#ask');
    await page.click('#join');
    return page;
  }

  /** Comes in as a member. @param {string} url @param {string} [init] */
  async function enter(url, init) {
    const page = await knock(url, init);
    await page.waitForSelector('body[data-screen="call"], body[data-screen="waiting"]');
    await page.waitForSelector('#hand', { state: 'attached' });
    return page;
  }

  const room = () => `room-${++rooms}`;
  const at = (/** @type {number} */ seconds) => new Date(Date.now() + seconds * 1000).toISOString();
  const state = (/** @type {Page} */ page, /** @type {string} */ button) => page.getAttribute(button, 'aria-pressed');
  const pressed = (/** @type {Page} */ page, /** @type {string} */ button, on = true) => page.waitForSelector(`${button}[aria-pressed="${on}"]`);

  /** Opens what may be done to somebody. @param {Page} page @param {string} name */
  async function menu(page, name) {
    if (!(await page.isVisible('#side'))) await page.click('#people');
    const row = page.locator('.people li', { hasText: name });
    const button = row.locator('> button');
    if ((await button.getAttribute('aria-expanded')) !== 'true') await button.click();
    return (/** @type {string} */ label) => row.getByRole('button', { name: label, exact: true }).click();
  }

  /** How many bytes of a kind came or went, as the browser counts the packets. @param {Page} page @param {'audio' | 'video'} kind @param {string} [way] */
  const bytes = (page, kind, way = 'inbound-rtp') => page.evaluate(async ({ kind, way }) => {
    let sum = 0;
    for (const pc of /** @type {any} */ (window).connections) {
      if (pc.connectionState === 'closed') continue;
      for (const s of (await pc.getStats()).values()) if (s.type === way && s.kind === kind) sum += s.bytesReceived ?? s.bytesSent;
    }
    return sum;
  }, { kind, way });
  /** Waits until something of a kind flows, or nothing does for a second. @param {Page} page @param {'audio' | 'video'} kind @param {boolean} flows @param {string} [way] */
  async function flow(page, kind, flows, way) {
    const deadline = performance.now() + timeout;
    for (let last = await bytes(page, kind, way), first = last; ;) {
      await new Promise((resolve) => setTimeout(resolve, flows ? 100 : 1_000));
      const now = await bytes(page, kind, way);
      if (flows ? now > first + 1_000 : now === last) return;
      assert.ok(performance.now() < deadline, `${now - last} bytes of ${kind} at last`);
      last = now;
      first = Math.min(first, now); // a connection that is closed counts no more
    }
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

    await maria.click('#more');
    await maria.fill('#setInputVolume', '-50');
    await maria.click('#panel-close');
    await anna.waitForFunction(() => Math.abs((/** @type {HTMLVideoElement | null} */ (document.querySelector('#stage video'))?.volume ?? 1) - 0.1) < 0.01); // a tenth, for who hears her

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
    const states = () => maria.evaluate(() => /** @type {any} */ (window).tracks.map((/** @type {MediaStreamTrack} */ t) => t.readyState));
    assert.deepEqual((await states()).filter((/** @type {string} */ s) => s !== 'ended'), []); // no light is on
    await flow(anna, 'audio', false);
    const before = (await states()).length;
    press = await menu(anna, 'Maria');
    await press('Make a member');
    await maria.waitForSelector('#promoted[open]');
    assert.equal((await states()).length, before); // asked, and not opened
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
    await site.done();
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
    const heard = async () => [await bytes(anna, 'audio'), await bytes(anna, 'video')];
    const before = await heard();
    for (const kind of /** @type {const} */ (['audio', 'video'])) await flow(maria, kind, true, 'outbound-rtp'); // she does send
    assert.deepEqual(await heard(), before);
    await site.done();
  });

  test('somebody of the audience is asked for no device, sends nothing, and comes back after a reload', async () => {
    const name = room();
    const anna = await enter(await link(name, { user_name: 'Anna', permissions: leads }));
    const url = await link(name, { user_name: 'Dora', join_as: 'audience' });
    /** @type {string[]} */
    const seen = [];
    const dora = await visit(url, audienceIsAsked);
    dora.on('request', (r) => seen.push(`${r.url()} ${r.headers()['referer'] ?? ''}`));
    for (let i = 0; i < 2; i++) {
      await dora.click('text=Watch now');
      await dora.waitForSelector('#watching:not([hidden])');
      await dora.waitForSelector('.tile[data-video="on"]');
      await flow(dora, 'audio', true);
      assert.deepEqual([await dora.isVisible('#microphone'), await dora.isVisible('#camera'), await dora.isVisible('#self-view')], [false, false, false]);
      await dora.keyboard.press('Control+e');
      assert.equal(await dora.evaluate('window.asked'), 0);
      assert.equal(await dora.evaluate('location.href'), `${site.server.ready.url}/r/${name}`);
      if (i === 0) await dora.reload();
    }
    const token = new URL(url).hash.slice(1);
    assert.deepEqual(seen.filter((s) => s.includes(token)), []);
    await anna.waitForSelector('body[data-screen="call"]');
    assert.equal(await anna.locator('#stage video').count(), 0);
    const press = await menu(anna, 'Dora');
    await press('Make a member');
    await dora.waitForSelector('#promoted[open]');
    assert.equal(await dora.evaluate('window.asked'), 0); // the person is asked first, and the browser then
    await dora.click('#promoted .primary');
    await dora.getByText('is blocked for this page').first().waitFor();
    assert.ok((await dora.evaluate('window.asked')) > 0);
    await site.done();
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
    const late = await visit(await link(name, { join_from: at(-60), join_until: at(-30) }));
    await late.waitForSelector('body[data-screen="late"]');
    await site.done();
  });

  test('who comes too early, or before anybody, is let in by itself', async () => {
    const [opening, scheduled, empty] = [room(), room(), room()];
    await video('rooms', { name: scheduled, join_from: at(12) });
    const [early, clara, ben] = await Promise.all([
      link(opening, { join_from: at(12) }).then((url) => visit(url)),
      link(scheduled, { user_name: 'Clara' }).then((url) => knock(url)),
      link(empty, { user_name: 'Ben', auto_create_room: false }).then((url) => knock(url)),
    ]);
    await Promise.all([early.waitForSelector('body[data-screen="early"]'), clara.waitForSelector('body[data-screen="early"]'), ben.waitForSelector('body[data-screen="absent"]')]);
    for (const page of [clara, ben]) assert.deepEqual(await page.evaluate(() => /** @type {any} */ (window).tracks.filter((/** @type {MediaStreamTrack} */ t) => t.readyState === 'live').length), 0);

    const anna = await enter(await link(empty, { user_name: 'Anna', end_room_session_on_leave: true }));
    await ben.waitForSelector('body[data-screen="call"]');
    await ben.waitForSelector('.tile[data-video="on"]');
    await ben.click('#promoted .primary');
    await anna.waitForSelector('.tile[data-video="on"]');
    await anna.click('#leave'); // which closes her room
    await ben.waitForSelector('body[data-screen="ended"]');
    assert.equal(await ben.textContent('#notice-title'), 'Anna closed the room');

    await early.waitForSelector('body[data-screen="invite"]');
    await early.click('#ask');
    await early.click('#join');
    await Promise.all([early, clara].map((page) => page.waitForSelector('body[data-screen="waiting"]')));
    await site.done();
  });

  test('whose time is up is told so, and a muted customer of a ticket gets a seat', async () => {
    const name = room();
    const guest = await enter(await link(name, { remove_after_seconds_elapsed: 4 }));
    const conference = await site.server.conference();
    const { url } = await site.server.ticket(conference);
    const maria = await visit(url);
    await maria.click('#ask');
    await maria.click('#join');
    await maria.waitForSelector('body[data-screen="waiting"]');
    const userEndpointId = await site.server.call('/rtc-api/users/endpoints', { keepAliveSeconds: 60 });
    await site.server.call('/rtc-api/conferences/join', { conferenceId: conference, userEndpointId, metadata: { name: 'Anna Meier' } });
    const view = await site.server.call(`/rtc-api/conferences/${conference}/simpleView`, undefined, 'GET');
    const target = view.participants.flatMap((/** @type {any} */ p) => p.endpoints).find((/** @type {any} */ e) => e.id !== userEndpointId).id;
    const body = { conferenceId: conference, userEndpointId, targetUserEndpointId: target };
    await site.server.call('/rtc-api/conferences/muteAudio', body);
    await pressed(maria, '#microphone', false);
    await maria.click('#microphone');
    await pressed(maria, '#microphone');
    await site.server.call('/rtc-api/conferences/removeMember', { ...body, reason: 'Closed' });
    await maria.waitForSelector('body[data-screen="removed"]');
    await guest.waitForSelector('body[data-screen="over"]');
    await site.done();
  });

  test('a screen is shared where the token says so, and ends with the right', async () => {
    const name = room();
    const screen = `navigator.mediaDevices.getDisplayMedia = () => navigator.mediaDevices.getUserMedia({ video: true });`;
    const [anna, maria] = await Promise.all([
      link(name, { user_name: 'Anna', permissions: leads }).then((url) => enter(url, screen)),
      link(name, { user_name: 'Maria' }).then((url) => enter(url, screen)),
    ]);
    const other = await visit(await link(name, { user_name: 'Ben', permissions: usual.filter((p) => !p.endsWith('screenshare')) }));
    await other.click('#without');
    await other.click('#join');
    await other.waitForSelector('#hand', { state: 'attached' });
    await other.click('#more');
    assert.equal(await other.isVisible('#share-screen'), false);
    await other.click('#panel-close');
    await maria.click('#more');
    await maria.click('#share-screen');
    for (const page of [anna, other]) await page.waitForSelector('.tile[data-video="on"][data-front] >> text=Maria’s screen');
    await anna.click('#more');
    await anna.click('#share-screen');
    await other.waitForFunction(() => document.querySelectorAll('.tile[data-video="on"][data-front]').length === 2);
    const press = await menu(anna, 'Maria');
    await press('Move to the audience');
    await anna.waitForFunction(() => document.querySelectorAll('.tile:not([hidden])').length === 1);
    await other.waitForFunction(() => document.querySelectorAll('.tile[data-front]').length === 1);
    await maria.waitForSelector('#watching:not([hidden])');
    await maria.click('#more');
    await maria.waitForSelector('#panel[open]');
    assert.equal(await maria.isVisible('#share-screen'), false);
    await site.done();
  });

  test('a page of one\'s own joins with the library, sees the seats and acts on them', async () => {
    const name = room();
    const maria = await enter(await link(name, { user_name: 'Maria' }));
    const page = await visit(`${site.server.ready.url}/docs`);
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
    await site.done();
  });
});
