// @ts-check
/** Every screen of the customer's page and the way to it, for the tests and for the pictures. */

/** @typedef {import('./world.js').World} World */
/**
 * @typedef {object} Scene
 * @property {string} name
 * @property {string} screen what body[data-screen] says at its end
 * @property {(world: World) => Promise<void>} [play]
 * @property {(world: World) => void} [set] arranges the world before the visit
 * @property {string} [init] a script to run before the page's own
 * @property {string} [userAgent]
 */

/** The way to the preview. */
export const preview = async (/** @type {World} */ w) => {
  await w.shows('invite');
  await w.page.click('#ask');
  await w.shows('preview');
};
const join = async (/** @type {World} */ w) => {
  await preview(w);
  await w.page.fill('#name', 'Maria Rossi');
  await w.page.click('#join');
  await w.shows('waiting');
};
/** The way into a call with Anna. */
export const meet = async (/** @type {World} */ w) => {
  await join(w);
  w.enter({ id: 'anna', name: 'Anna Meier' });
  await w.shows('call');
  await w.page.waitForSelector('.tile[data-video="on"]');
};

const refuses = (/** @type {string} */ name) =>
  `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', '${name}'); };
   navigator.permissions.query = async () => ({ state: 'denied' });`;
const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
const android = 'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36';
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const safari = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';

/** @param {string} name @param {string} [userAgent] @returns {Scene} */
const denied = (name, userAgent) => ({
  name: `denied-${name}`,
  screen: 'denied',
  init: refuses('NotAllowedError'),
  ...(userAgent ? { userAgent } : {}),
  play: async (w) => {
    await w.shows('invite');
    await w.page.click('#ask');
  },
});

/** @param {string} screen @param {number} status @param {string} message @returns {Scene} */
const dead = (screen, status, message) => ({
  name: screen,
  screen,
  set: (w) => {
    w.invitation = [status, { code: status === 404 ? 'not_found' : 'gone', message }];
  },
});

/** @type {Scene[]} */
export const scenes = [
  { name: 'invite', screen: 'invite' },
  {
    name: 'invite-nobody', screen: 'invite',
    set: (w) => { w.invitation = [200, { ticketId: 'nwi-ssh', organization: '' }]; },
  },
  {
    name: 'early', screen: 'early',
    set: (w) => {
      w.invitation = [200, { ticketId: 'nwi-ssh', organization: 'Alpine Bank', host: 'Anna Meier', now: '2026-03-02T09:00:00.000Z', opensAt: '2026-03-04T14:30:00.000Z' }];
    },
  },
  {
    name: 'permission', screen: 'permission',
    init: 'navigator.mediaDevices.getUserMedia = () => new Promise(() => undefined);',
    play: async (w) => {
      await w.shows('invite');
      await w.page.click('#ask');
    },
  },
  denied('chrome'), denied('firefox', firefox), denied('safari', safari), denied('ios', iphone), denied('android', android),
  { name: 'preview', screen: 'preview', play: preview },
  {
    name: 'preview-busy', screen: 'preview', play: preview,
    init: `const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (c) => { if (c.video) throw new DOMException('busy', 'NotReadableError'); return open(c); };`,
  },
  { name: 'preview-nothing', screen: 'preview', play: preview, init: refuses('NotFoundError') },
  {
    name: 'preview-without', screen: 'preview',
    play: async (w) => {
      await w.shows('invite');
      await w.page.click('#without');
    },
  },
  {
    name: 'joining', screen: 'joining',
    init: `const send = window.fetch; window.fetch = (u, o) => String(u).includes('/token') ? new Promise(() => undefined) : send(u, o);`,
    play: async (w) => {
      await preview(w);
      await w.page.click('#join');
    },
  },
  { name: 'waiting', screen: 'waiting', play: join },
  {
    name: 'call-held', screen: 'call',
    play: async (w) => {
      await meet(w);
      w.hold();
      await w.page.waitForSelector('#held:not([hidden])');
    },
  },
  {
    name: 'call', screen: 'call',
    play: async (w) => {
      await w.page.evaluate(() => { /** @type {any} */ (window).fake.stats = [{ id: '1', type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.02 }]; });
      await meet(w);
      await w.page.waitForSelector('#network:not([hidden])');
    },
  },
  {
    name: 'call-muted', screen: 'call',
    play: async (w) => {
      await meet(w);
      w.mute('anna', 'audio');
      w.mute('anna', 'video');
      await w.page.click('#microphone');
      await w.page.click('#camera');
      await w.page.waitForSelector('.tile[data-muted="audio video"]');
    },
  },
  {
    name: 'call-hint', screen: 'call',
    play: async (w) => {
      await meet(w);
      await w.page.click('#microphone');
      await w.page.waitForSelector('#hint:not([hidden])'); // the fake microphone beeps
    },
  },
  {
    name: 'call-two', screen: 'call',
    play: async (w) => {
      await meet(w);
      w.enter({ id: 'ben', name: 'Benedikt Sonnenschein-Oberhuber', muted: ['audio'] });
      await w.page.waitForSelector('[data-participant="ben"]');
    },
  },
  {
    name: 'call-many', screen: 'call',
    play: async (w) => {
      await meet(w);
      w.enter({ id: 'ben', name: 'Benedikt Sonnenschein-Oberhuber', muted: ['audio'] });
      w.enter({ id: 'chloe', name: 'Chloé', muted: ['video'] });
      w.enter({ id: 'dora', name: 'Δώρα Παπαδοπούλου', streams: false });
      w.enter({ id: 'ali', name: 'Ali', type: 'MIC' });
      await w.page.waitForSelector('[data-participant="ali"]');
      await w.page.evaluate(() => { /** @type {any} */ (window).fake.level = 0.3; });
      await w.page.waitForSelector('.tile[data-speaking="true"]');
    },
  },
  {
    name: 'call-panel', screen: 'call',
    play: async (w) => {
      await meet(w);
      await w.page.click('#more');
      await w.page.waitForSelector('#panel[open]');
    },
  },
  {
    name: 'call-reconnecting', screen: 'call',
    play: async (w) => {
      await meet(w);
      await w.cut();
      await w.page.waitForSelector('#banner:not([hidden])');
    },
  },
  {
    name: 'call-hear', screen: 'call',
    init: `HTMLMediaElement.prototype.play = async function () { if (!this.muted) throw new DOMException('tap first', 'NotAllowedError'); };
      Object.defineProperty(HTMLMediaElement.prototype, 'paused', { get() { return !this.muted; } });`,
    play: async (w) => {
      await meet(w);
      await w.page.waitForSelector('#hear:not([hidden])');
    },
  },
  {
    name: 'alone-again', screen: 'waiting',
    play: async (w) => {
      await meet(w);
      w.exit('anna');
    },
  },
  {
    name: 'ended-left', screen: 'ended',
    play: async (w) => {
      await meet(w);
      await w.page.click('#leave');
    },
  },
  {
    name: 'ended-by-host', screen: 'ended',
    play: async (w) => {
      await meet(w);
      w.end('anna');
    },
  },
  dead('expired', 410, 'this link has expired'),
  dead('revoked', 410, 'this link was withdrawn'),
  dead('used', 410, 'this link was used already'),
  dead('unknown', 404, 'no such ticket'),
  {
    name: 'elsewhere', screen: 'elsewhere',
    init: `navigator.locks.request = async () => { throw new DOMException('taken', 'AbortError'); };`,
  },
  {
    name: 'failed', screen: 'failed',
    set: (w) => { w.joined = [409, { code: 'conflict', message: 'full' }]; },
    play: async (w) => {
      await preview(w);
      await w.page.click('#join');
    },
  },
  { name: 'failed-offline', screen: 'failed', set: (w) => { w.online = false; } },
  { name: 'old', screen: 'old', init: 'delete window.RTCPeerConnection;' },
];
