// @ts-check
/** Every screen of the customer's page and the way to it, for the tests and for the pictures. */

/** @typedef {import('./world.js').World} World */
/**
 * @typedef {object} Scene
 * @property {string} name
 * @property {string} screen what body[data-screen] says at its end
 * @property {(world: World) => Promise<void>} [play]
 * @property {(world: World) => void} [set] arranges the world before the visit
 * @property {object} [claims] visits a room with a token of these claims
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

/** The way into a call with an open chat. */
export const chat = async (/** @type {World} */ w) => {
  await meet(w);
  await w.page.click('#chat');
  await w.page.waitForSelector('#side:not([hidden])');
};

/** What people write to each other. @param {World} w */
function talk(w) {
  const at = (/** @type {number} */ minute) => new Date(Date.now() - 600_000 + minute * 60_000).toISOString();
  w.say('anna', 'Anna Meier', 'Good morning, Ms Rossi.', at(0));
  w.say('anna', 'Anna Meier', 'Please look at the form at https://alpine.example/forms/7?lang=en (page 2), and tell me whether the address is right.', at(1));
  w.say('me', 'Maria Rossi', 'The address is right.\nBut the name is not: it is “Rossi”, with two s.', at(4));
  w.file('anna', 'Kontoeröffnungsantrag-Alpine-Bank-2026-endgültige-Fassung.pdf', 1_530_000, at(5));
  w.say('anna', 'Anna Meier', 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft', at(6));
  w.file('me', 'Ausweis.jpg', 340_000, at(7));
}

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
    name: 'call-screen', screen: 'call',
    play: async (w) => {
      await meet(w);
      w.share('anna');
      await w.page.waitForSelector('.tile[data-front]');
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
  { name: 'chat-empty', screen: 'call', play: chat },
  {
    name: 'chat', screen: 'call',
    play: async (w) => {
      talk(w);
      await chat(w);
      await w.page.waitForSelector('#messages li:nth-child(6)');
      await w.page.fill('#write', 'Thank you!');
    },
  },
  {
    name: 'chat-failing', screen: 'call',
    play: async (w) => {
      await chat(w);
      w.say('anna', 'Anna Meier', 'Can you send me the form?');
      w.upload = [413, { code: 'too_large', message: 'the file is too large: 26214400 bytes are taken at most' }];
      await w.page.setInputFiles('.compose input[type=file]', { name: 'Film.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') });
      await w.page.waitForSelector('.file[data-state="failed"]');
      w.upload = 'wait';
      await w.page.setInputFiles('.compose input[type=file]', { name: 'Antrag.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') });
      await w.page.waitForSelector('.file[data-state="sending"]');
      w.refusal = [409, { code: 'conflict', message: 'the conference has too many of these' }];
      await w.page.fill('#write', 'I sent it.');
      await w.page.press('#write', 'Enter');
      await w.page.waitForSelector('#messages li[data-state="failed"]:not(.file)');
    },
  },
  {
    name: 'chat-notice', screen: 'call',
    play: async (w) => {
      await meet(w);
      await w.page.waitForSelector('#messages[aria-busy="false"]', { state: 'attached' });
      w.say('anna', 'Anna Meier', 'Please hold the paper a little nearer to the camera, so that I can read it.');
      await w.page.waitForSelector('#note:not([hidden])');
    },
  },
  {
    name: 'people', screen: 'call',
    play: async (w) => {
      await meet(w);
      w.enter({ id: 'ben', name: 'Benedikt Sonnenschein-Oberhuber', muted: ['audio'] });
      w.enter({ id: 'dora', name: 'Δώρα Παπαδοπούλου', streams: false });
      w.enter({ id: 'ali', name: 'Ali', type: 'MIC' });
      await w.page.waitForSelector('[data-participant="ali"]');
      w.networks({ me: 'OPTIMAL', anna: 'SUBOPTIMAL', ben: 'BAD' });
      if (await w.page.isVisible('#people')) {
        await w.page.click('#people');
      } else {
        await w.page.click('#more');
        await w.page.click('#show-people');
      }
      await w.page.waitForSelector('.people [data-endpoint="ben"] .bars');
    },
  },
  {
    name: 'photo', screen: 'call',
    play: async (w) => {
      await meet(w);
      w.ask({ snapshotId: 'p1', snapshotType: 'PASSPORT' });
      await w.page.waitForSelector('#photo-send');
    },
  },
  {
    name: 'photo-no-camera', screen: 'call',
    play: async (w) => {
      await meet(w);
      await w.page.click('#camera');
      w.ask({ snapshotId: 'p1' });
      await w.page.waitForSelector('#photo[open]');
    },
  },
  {
    name: 'photo-sent', screen: 'call',
    play: async (w) => {
      await meet(w);
      w.ask({ snapshotId: 'p1' });
      await w.page.click('#photo-send');
      await w.page.waitForSelector('#photo .done');
    },
  },
  {
    name: 'camera-ask', screen: 'call',
    init: `const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
      navigator.mediaDevices.enumerateDevices = async () => [...await list(), { kind: 'videoinput', deviceId: 'back', label: 'Back camera', groupId: 'b' }];`,
    play: async (w) => {
      await meet(w);
      w.ask({ snapshotCameraRequestId: 'r1', cameraRequestType: 'CAMERA_SWITCH' });
      await w.page.waitForSelector('#camera-ask[open]');
    },
  },
  {
    name: 'network-weak', screen: 'call',
    init: `const later = window.setTimeout; window.setTimeout = (f, ms, ...a) => later(f, ms === 12000 ? 200 : ms, ...a);`,
    play: async (w) => {
      await meet(w);
      w.networks({ me: 'BAD', anna: 'BAD' });
      await w.page.waitForSelector('#note:not([hidden])');
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
    init: `navigator.locks.request = async (name) => { navigator.locks.query = async () => ({ held: [{ name }] }); throw new DOMException('taken', 'AbortError'); };`,
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
