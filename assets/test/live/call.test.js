// @ts-check
/** The page against the real server; skipped where that is not built. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join, live } from '../../testbed/live.js';

const timeout = 30_000;

live('a call', (site) => {
  const visit = (/** @type {string} */ url, /** @type {import('playwright-core').BrowserContext | undefined} */ context = undefined) => site.visit(url, { context });

  /** Waits until a video shows new pictures. @param {import('playwright-core').Page} page */
  const moving = (page, selector = '#stage video[data-stream]') =>
    page.waitForFunction((s) => {
      const v = /** @type {HTMLVideoElement | null} */ (document.querySelector(s));
      const w = /** @type {any} */ (window);
      const frames = v?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
      const tile = v?.closest('.tile');
      if (!v || v.videoWidth === 0 || v.paused || tile?.getAttribute('data-video') !== 'on') return false;
      w.first ??= new WeakMap();
      if (!w.first.has(v)) w.first.set(v, frames);
      return frames > w.first.get(v) + 5;
    }, selector, { timeout });
  const forget = (/** @type {import('playwright-core').Page} */ page) => page.evaluate(() => { delete /** @type {any} */ (window).first; });

  /** @param {import('playwright-core').Page} page */
  const hears = async (page) => {
    // The tile is there as soon as somebody is known, its sound once it flows.
    await page.waitForFunction(() => /** @type {HTMLVideoElement | null} */ (document.querySelector('#stage video[data-stream]'))?.srcObject);
    return page.evaluate(async () => {
      const v = /** @type {HTMLVideoElement} */ (document.querySelector('#stage video[data-stream]'));
      const context = new AudioContext();
      await context.resume();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(/** @type {MediaStream} */ (v.srcObject)).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      for (let i = 0; i < 400; i++) {
        analyser.getFloatTimeDomainData(samples);
        if (samples.some((s) => Math.abs(s) > 0.01)) return true;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      return false;
    });
  };

  /** Two people in one conference who see each other. */
  async function pair() {
    const conference = await site.server.conference();
    const { url } = await site.server.ticket(conference);
    const [ann, bob] = await Promise.all([site.enter(url, 'Ann'), site.enter(url, 'Bob')]);
    await Promise.all([moving(ann), moving(bob)]);
    return { conference, url, ann, bob };
  }

  test('two people see and hear each other, mute, stop the camera and leave', async () => {
    const { ann, bob } = await pair();
    assert.equal(await ann.textContent('#who'), 'Bob');
    assert.equal(await hears(ann), true);
    await bob.click('#microphone');
    await ann.waitForSelector('.tile[data-muted="audio"]');
    assert.equal(await bob.getAttribute('#microphone', 'aria-pressed'), 'false');
    await bob.keyboard.press('Control+d');
    await ann.waitForSelector('.tile[data-muted=""]');

    const track = await bob.evaluateHandle(() => /** @type {any} */ (document.querySelector('#self')).srcObject.getVideoTracks()[0]);
    await bob.click('#camera');
    await ann.waitForSelector('.tile[data-muted="video"][data-video="off"]');
    assert.equal(await track.evaluate((t) => t.readyState), 'ended');
    await bob.keyboard.press('Control+e');
    await ann.waitForSelector('.tile[data-muted=""][data-video="on"]');
    await forget(ann);
    await moving(ann);

    await bob.keyboard.press('Control+Shift+H');
    await bob.waitForSelector('body[data-screen="ended"]');
    await ann.waitForSelector('body[data-screen="waiting"]');
    assert.equal(await ann.locator('#stage .tile').count(), 0);
    await bob.click('#again');
    await bob.click('#join');
    await Promise.all([moving(ann), moving(bob)]);
    await site.done();
  });

  test('without a camera, and with nothing at all', async () => {
    const { url } = await site.server.ticket(await site.server.conference());
    const [ann, bob] = await Promise.all([visit(url), visit(url)]);
    await join(ann, 'Ann', '#join-audio');
    await bob.click('#without');
    await bob.fill('#name', 'Bob');
    await bob.click('#join');
    await bob.waitForSelector('.tile[data-muted="video"]');
    await ann.waitForSelector('.tile:not(:has(video))');
    assert.equal(await hears(bob), true);
    // Both change their mind: the camera comes on in the call.
    await ann.click('#camera');
    await moving(bob);
    await bob.click('#camera');
    await moving(ann);
    await site.done();
  });

  test('a revoked token cuts the page off, which comes back with another', async () => {
    const { ann, bob } = await pair();
    const beat = bob.waitForRequest((r) => r.url().endsWith('/keepalive'));
    await bob.evaluate(() => void dispatchEvent(new Event('online'))); // after which the page looks whether all is well
    const token = (await beat).headers()['authorization']?.replace('Bearer ', '') ?? '';
    await fetch(`${site.server.ready.url}/security/oauth/revoke`, { method: 'POST', body: new URLSearchParams({ client_id: 'customer', token }) });
    await ann.waitForSelector('body[data-screen="waiting"]', { timeout: 5_000 });
    await ann.waitForSelector('body[data-screen="call"]');
    await forget(ann);
    await forget(bob);
    await Promise.all([moving(ann), moving(bob)]);
    await site.done();
  });

  test('a closed page leaves at once', async () => {
    const { ann, bob } = await pair();
    await bob.close();
    await ann.waitForSelector('body[data-screen="waiting"]', { timeout: 5_000 });
    await site.done();
  });

  test('a single-use ticket: one browser, one tab, as often as it likes', async () => {
    const { url } = await site.server.ticket(await site.server.conference(), 'SINGLE_USE_TICKET');
    const ann = await visit(url);
    await join(ann, 'Ann');
    const second = await visit(url, ann.context());
    await second.waitForSelector('body[data-screen="elsewhere"]');
    const stranger = await visit(url);
    await stranger.waitForSelector('body[data-screen="used"]');

    await second.click('#again');
    await second.waitForSelector('body[data-screen="invite"]');
    await ann.waitForSelector('body[data-screen="elsewhere"]');
    await join(second, 'Ann');
    await second.reload();
    await join(second, 'Ann');
    await site.done();
  });

  test('the host ends the call for all', async () => {
    const { conference, ann, bob } = await pair();
    const userEndpointId = await site.server.call('/rtc-api/users/endpoints', { keepAliveSeconds: 15 });
    await site.server.call('/rtc-api/conferences/join', { conferenceId: conference, userEndpointId, metadata: { name: 'Anna Meier' } });
    await ann.waitForSelector('.tile:nth-child(2)');
    await site.server.call('/rtc-api/conferences/end', { conferenceId: conference, userEndpointId, reason: 'done' });
    for (const page of [ann, bob]) {
      await page.waitForSelector('body[data-screen="ended"]');
      assert.equal(await page.textContent('#notice-title'), 'Anna Meier ended the call');
    }
    await site.done();
  });

  test('a link that was taken back, and one that never was', async () => {
    const ticket = await site.server.ticket(await site.server.conference());
    await site.server.call(`/security/ticket/${ticket.id}`, undefined, 'DELETE');
    const page = await visit(ticket.url);
    await page.waitForSelector('body[data-screen="revoked"]');
    const other = await visit(`${site.server.ready.url}/t/zzz-zzz`);
    await other.waitForSelector('body[data-screen="unknown"]');
    await site.done();
  });

  for (const [name, long] of /** @type {[string, boolean][]} */ ([['for a moment', false], ['until the page says so', true]])) {
    test(`the server is dead ${name}: the call goes on by itself`, async () => {
      const { ann, bob } = await pair();
      const stream = (/** @type {typeof ann} */ page) => page.getAttribute('#stage video', 'data-stream');
      const before = await Promise.all([stream(ann), stream(bob)]);
      await site.server.kill();
      if (long) await ann.waitForSelector('#banner:not([hidden])');
      await site.server.again();
      await Promise.all([ann, bob].map((page, i) =>
        page.waitForFunction((old) => document.querySelector(`#stage video:not([data-stream="${old}"])`), before[i], { timeout })));
      await Promise.all([moving(ann), moving(bob)]);
      await Promise.all([ann, bob].map((page) => page.waitForSelector('#banner', { state: 'hidden' })));
      await ann.waitForFunction(() => document.querySelectorAll('#stage .tile').length === 1);
      await site.done();
    });
  }
});
