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
  const bytes = (page, kind, seconds = 1.5) => page.evaluate(async ({ kind, seconds }) => {
    const w = /** @type {any} */ (window);
    const count = async () => {
      let sum = 0;
      for (const pc of w.connections) {
        if (pc.connectionState === 'closed') continue;
        for (const s of (await pc.getStats()).values()) if (s.type === 'inbound-rtp' && s.kind === kind) sum += s.bytesReceived;
      }
      return sum;
    };
    const before = await count();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return (await count()) - before;
  }, { kind, seconds });
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
});
