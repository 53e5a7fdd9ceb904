// @ts-check
/** Calls in mode P2P in real browsers; skipped where the server is not built. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { live } from '../../testbed/live.js';

/** Keeps the page's connections. */
const keep = `
  window.peers = [];
  window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...a) { super(...a); window.peers.push(this); } };
`;

live('a call in mode P2P', (site) => {
  const join = (/** @type {string} */ url, /** @type {string} */ name) => site.enter(url, name, keep);

  /** Waits until all of so many videos show so many new pictures. @param {import('playwright-core').Page} page @param {number} count */
  const moving = async (page, count) => {
    const frames = (/** @type {number} */ more) => page.waitForFunction(([count, more]) => {
      const videos = /** @type {NodeListOf<HTMLVideoElement>} */ (document.querySelectorAll('#stage video[data-stream]'));
      const w = /** @type {any} */ (window);
      w.seen ??= new WeakMap();
      return videos.length === count && [...videos].every((v) => {
        const now = v.getVideoPlaybackQuality().totalVideoFrames;
        if (more === 0) w.seen.set(v, now);
        return v.videoWidth > 0 && !v.paused && v.closest('.tile')?.getAttribute('data-video') === 'on' && now >= (w.seen.get(v) ?? now) + more;
      });
    }, [count, more]);
    await frames(0);
    await frames(5);
  };

  /** What the page's connections sent and received, in bytes of media. @param {import('playwright-core').Page} page */
  const traffic = (page) => page.evaluate(async () => {
    let [sent, received] = [0, 0];
    for (const pc of /** @type {any} */ (window).peers) {
      if (pc.connectionState !== 'connected') continue;
      for (const s of (await pc.getStats()).values()) {
        if (s.type === 'outbound-rtp') sent += s.bytesSent;
        if (s.type === 'inbound-rtp') received += s.bytesReceived;
      }
    }
    return { sent, received };
  });

  /** The ports of the other ends of the page's connections. @param {import('playwright-core').Page} page */
  const ends = (page) => page.evaluate(async () => {
    const ports = [];
    for (const pc of /** @type {any} */ (window).peers) {
      const stats = [...(await pc.getStats()).values()];
      const pair = stats.find((s) => s.type === 'candidate-pair' && s.state === 'succeeded' && s.nominated);
      const remote = stats.find((s) => s.id === pair?.remoteCandidateId);
      if (pc.connectionState === 'connected' && remote) ports.push(remote.port);
    }
    return ports;
  });

  /** @param {import('playwright-core').Page[]} pages */
  async function meet(...pages) {
    await Promise.all(pages.map((page) => moving(page, pages.length - 1)));
  }

  /** @param {...string} names */
  async function begin(...names) {
    const conference = await site.server.conference('P2P');
    const { url } = await site.server.ticket(conference);
    const pages = await Promise.all(names.map((name) => join(url, name)));
    await meet(...pages);
    return { conference, url, pages };
  }

  test('three see each other past the server, change cameras, and one leaves', async () => {
    const { url, pages: [ann, bob] } = await begin('Ann', 'Bob');
    const media = Number(new URL(`udp://${site.server.ready.media}`).port);
    const ports = [...await ends(ann), ...await ends(bob)];
    assert.equal(ports.length, 4);
    assert.ok(!ports.includes(media), 'media goes through the server');
    const cem = await join(url, 'Cem');
    await meet(ann, bob, cem);

    await ann.click('#camera');
    for (const page of [bob, cem]) await page.waitForSelector('.tile[data-muted="video"][data-video="off"]');
    await ann.click('#camera'); // another track, to everybody
    for (const page of [bob, cem]) await page.waitForFunction(() => !document.querySelector('.tile[data-muted="video"]'));
    await meet(ann, bob, cem);
    await ann.click('#microphone');
    await cem.waitForSelector('.tile[data-muted="audio"]');

    await cem.keyboard.press('Control+Shift+H');
    await cem.waitForSelector('body[data-screen="ended"]');
    await meet(ann, bob);
    // Whoever sent to the one who left sends there no more.
    await ann.waitForFunction(() => /** @type {any} */ (window).peers.filter((/** @type {RTCPeerConnection} */ p) => p.connectionState !== 'closed').length === 2);
    await site.done();
  });

  test('on hold nothing is sent, and the call goes on after it', async () => {
    const { conference, pages } = await begin('Ann', 'Bob');
    const userEndpointId = await site.server.call('/rtc-api/users/endpoints', { keepAliveSeconds: 60 });
    const seat = { conferenceId: conference, userEndpointId };
    await site.server.call('/rtc-api/conferences/join', { ...seat, metadata: { name: 'Anna Meier' } });
    await site.server.call('/rtc-api/conferences/updateMetadata', { ...seat, operation: 'SET', key: 'ON_HOLD', value: 'true' });
    for (const page of pages) {
      // Until two looks in a row see the same, which a stream that flows never shows.
      await page.waitForFunction(async () => {
        let sent = 0;
        for (const pc of /** @type {any} */ (window).peers) for (const s of (await pc.getStats()).values()) if (s.type === 'outbound-rtp') sent += s.bytesSent;
        const w = /** @type {any} */ (window);
        const same = w.sent === sent;
        w.sent = sent;
        return same;
      }, null, { polling: 500 });
      const muted = await page.evaluate(() => /** @type {any} */ (document.querySelector('#stage video[data-stream]')).srcObject.getTracks().every((/** @type {MediaStreamTrack} */ t) => !t.enabled));
      assert.equal(muted, true);
    }
    const before = await traffic(pages[0]);
    assert.ok(before.sent > 0 && before.received > 0);
    await site.server.call('/rtc-api/conferences/updateMetadata', { ...seat, operation: 'REMOVE', key: 'ON_HOLD' });
    await site.server.call('/rtc-api/conferences/leave', { ...seat, reason: '' });
    await meet(...pages);
    await site.done();
  });

  test('the server is dead: nobody notices, and who comes later is served', async () => {
    const { url, pages: [ann, bob] } = await begin('Ann', 'Bob');
    const streams = () => Promise.all([ann, bob].map((page) => page.getAttribute('#stage video', 'data-stream')));
    const before = await streams();
    await site.server.kill();
    await ann.waitForSelector('#banner:not([hidden])');
    await meet(ann, bob);
    await site.server.again();
    await Promise.all([ann, bob].map((page) => page.waitForSelector('#banner', { state: 'hidden' })));
    await meet(ann, bob);
    assert.deepEqual(await streams(), before);
    const cem = await join(url, 'Cem');
    await meet(ann, bob, cem);
    await site.done();
  });

  test('a connection that fails is made anew', async () => {
    const { pages: [ann, bob] } = await begin('Ann', 'Bob');
    const count = await ann.evaluate(() => {
      const { peers } = /** @type {any} */ (window);
      const seen = peers.find((/** @type {RTCPeerConnection} */ p) => p.getSenders().some((s) => s.track));
      seen.close(); // without a word to anybody
      return peers.length;
    });
    await bob.waitForFunction(() => /** @type {any} */ (window).peers.length > 2);
    await ann.waitForFunction((count) => /** @type {any} */ (window).peers.length > count, count);
    await meet(ann, bob);
    await site.done();
  });
});
