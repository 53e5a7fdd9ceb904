// @ts-check
/** Every screen that a room adds to the customer's page and the way to it, for the tests and for the pictures. */
import { LeftReason } from '../lib/wire.js';

/** @typedef {import('./world.js').World} World */
/** @typedef {import('./scenes.js').Scene} Scene */

/** What a token without permissions allows: all that concerns oneself. */
export const usual = [
  'audio_mute', 'audio_unmute', 'video_mute', 'video_unmute', 'deaf', 'undeaf', 'set_input_volume', 'set_output_volume', 'set_input_sensitivity',
  'screenshare', 'additional_source', 'raisehand', 'lowerhand',
].map((p) => `room.self.${p}`);
/** What who leads a room may do. */
export const leads = [
  ...usual,
  ...['audio_mute', 'audio_unmute', 'video_mute', 'video_unmute', 'deaf', 'undeaf', 'lowerhand', 'remove', 'promote', 'demote'].map((p) => `room.member.${p}`),
  ...['lock', 'unlock', 'set_layout', 'hide_video_muted', 'show_video_muted', 'prioritize_handraise'].map((p) => `room.${p}`),
];

/** What sets oneself and others up. */
const settings = [
  ...['set_input_volume', 'set_output_volume', 'set_input_sensitivity', 'set_position'].map((p) => `room.member.${p}`), 'room.self.set_position', 'room.list_available_layouts',
];

/** Three more people: one member who waits to speak, one of the audience. @param {World} w */
function people(w) {
  w.enter({ id: 'anna', name: 'Anna Meier' });
  w.seat('anna', { name: 'Anna Meier', permissions: leads });
  w.enter({ id: 'ben', name: 'Ben' });
  w.seat('ben', { name: 'Benedikt Sonnenschein-Oberhuber', handRaisedAt: '2026-01-02T03:04:05.060Z' });
  w.enter({ id: 'dora', name: 'Dora', streams: false });
  w.seat('dora', { name: 'Δώρα Παπαδοπούλου', role: 'audience' });
}

/** The way into a room as a member. @param {World} w @param {string[]} permissions @param {() => Promise<void>} [wait] what happens before it opens */
export async function sit(w, permissions = usual, wait) {
  w.ownSeat ??= { permissions };
  await w.shows('invite');
  await w.page.click('#ask');
  await w.shows('preview');
  await w.page.click('#join');
  await wait?.();
  await w.shows('waiting');
  people(w);
  await w.shows('call');
  await w.page.waitForSelector('#hand', { state: 'attached' });
  await w.page.waitForSelector('.tile[data-person="ben"] .hand');
}

/** The way into a room as one of the audience. @param {World} w */
export async function watch(w) {
  w.ownSeat = { role: 'audience' };
  await w.shows('invite');
  await w.page.click('#ask');
  await w.shows('waiting');
  people(w);
  await w.shows('call');
  await w.page.waitForSelector('#watching:not([hidden])');
  await w.page.waitForSelector('.tile[data-person="ben"] .hand');
}

/** Opens the list of people, wherever its button is. @param {World} w */
export async function list(w) {
  if (await w.page.isVisible('#people')) {
    await w.page.click('#people');
  } else {
    await w.page.click('#more');
    await w.page.click('#show-people');
  }
  await w.page.waitForSelector('.people [data-endpoint="ben"]');
}

/** Asks to be let in, without devices. @param {World} w */
export async function knock(w) {
  await w.shows('invite');
  await w.page.click('#without');
  await w.page.click('#join');
}

/** @param {string} name @param {[number, object]} answer @param {string} screen @returns {Scene} */
const refused = (name, answer, screen) => ({ name, screen, claims: {}, set: (w) => { w.joined = answer; }, play: knock });
/** What a room answers that nobody has opened. @type {[number, object]} */
export const absent = [404, { code: 'not_found', message: 'there is no such room' }];
const forbidden = (/** @type {string} */ reason) => /** @type {[number, object]} */ ([403, { code: 'forbidden', message: 'no', reason }]);

/** @type {Scene[]} */
export const roomScenes = [
  { name: 'room-invite', screen: 'invite', claims: {} },
  { name: 'room-watch-invite', screen: 'invite', claims: { join_as: 'audience' } },
  { name: 'room-audience', screen: 'call', claims: { join_as: 'audience' }, play: watch },
  {
    name: 'room-promoted', screen: 'call', claims: { join_as: 'audience' },
    play: async (w) => {
      await watch(w);
      w.seat('me', { role: 'member', permissions: usual }, 'anna');
      await w.page.waitForSelector('#promoted[open]');
    },
  },
  {
    name: 'room-demoted', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w);
      w.seat('me', { role: 'audience', permissions: [] }, 'anna');
      await w.page.waitForSelector('#note:not([hidden])');
    },
  },
  { name: 'room-member', screen: 'call', claims: {}, play: (w) => sit(w) },
  {
    name: 'room-muted', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w, usual.filter((p) => !p.includes('unmute')));
      w.seat('me', { audioMuted: true, videoMuted: true }, 'anna');
      await w.page.waitForSelector('#microphone[data-stuck]');
      await w.page.waitForSelector('#camera[data-stuck]');
    },
  },
  {
    name: 'room-unmuted', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w);
      w.seat('me', { audioMuted: true }, 'anna');
      await w.page.waitForSelector('#note:not([hidden])');
      w.seat('me', { audioMuted: false }, 'anna');
      await w.page.getByText('Turn microphone on').waitFor();
    },
  },
  {
    name: 'room-menu', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w, leads);
      await list(w);
      await w.page.click('.people [data-endpoint="ben"] > button');
      await w.page.waitForSelector('#acts-ben:not([hidden])');
    },
  },
  {
    name: 'room-remove', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w, leads);
      await list(w);
      await w.page.click('.people [data-endpoint="ben"] > button');
      await w.page.click('#acts-ben .danger');
      await w.page.waitForSelector('#remove[open]');
    },
  },
  {
    name: 'room-hands', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w, leads);
      w.changeRoom({ prioritizeHandraise: true });
      w.seat('me', { handRaisedAt: '2026-01-02T03:04:06.060Z' });
      await list(w);
      await w.page.waitForSelector('.people li:nth-child(2)[data-endpoint="ben"] .hand');
    },
  },
  {
    name: 'room-controls', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w, leads);
      w.changeRoom({ locked: true });
      await w.page.click('#more');
      await w.page.waitForSelector('#lock:not([hidden])');
    },
  },
  {
    name: 'room-highlight', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w);
      w.enter({ id: 'chloe', name: 'Chloé', muted: ['video'] });
      w.seat('chloe', { name: 'Chloé' });
      w.changeRoom({ layout: 'highlight-1-responsive', positions: { ben: 'reserved-1' } });
      await w.page.waitForSelector('.tile[data-person="ben"][data-front]');
    },
  },
  {
    name: 'room-settings', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w, [...leads, ...settings]);
      await list(w);
      await w.page.click('.people [data-endpoint="ben"] > button');
      await w.page.click('#acts-ben summary');
      await w.page.waitForSelector('#setInputVolume-ben', { state: 'visible' });
    },
  },
  {
    name: 'room-own-settings', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w, [...usual, ...settings]);
      await w.page.click('#more');
      await w.page.waitForSelector('#setInputVolume', { state: 'visible' });
    },
  },
  {
    name: 'room-screen', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w);
      w.share('anna');
      await w.page.waitForSelector('.tile[data-front]');
    },
  },
  {
    name: 'room-screens', screen: 'call', claims: {},
    play: async (w) => {
      await sit(w);
      w.share('anna');
      w.share('ben');
      await w.page.waitForFunction(() => document.querySelectorAll('.tile[data-front]').length === 2);
    },
  },
  {
    name: 'room-let-in', screen: 'call', claims: {},
    set: (w) => { w.joined = absent; },
    play: async (w) => {
      await sit(w, usual, async () => {
        await w.shows('absent');
        w.joined = null;
        await w.page.click('#again');
      });
      await w.page.waitForSelector('#promoted[open]');
    },
  },
  {
    name: 'room-closed', screen: 'ended', claims: {},
    play: async (w) => {
      await sit(w);
      w.end('anna');
    },
  },
  {
    name: 'room-opens', screen: 'early', claims: {},
    set: (w) => { w.joined = [403, { code: 'forbidden', message: 'the room token is not valid yet', reason: 'early', now: '2026-03-02T09:00:00.000Z', notBefore: '2026-03-04T14:30:00.000Z' }]; },
    play: knock,
  },
  {
    name: 'room-early', screen: 'early', claims: { join_from: '2030-03-04T14:30:00.000Z', exp: undefined },
  },
  { name: 'room-late', screen: 'late', claims: { exp: 1_700_000_000 } },
  { name: 'room-broken', screen: 'broken', claims: { jti: 7 } },
  refused('room-soon', forbidden('early'), 'soon'),
  refused('room-locked', forbidden('locked'), 'locked'),
  refused('room-full', [409, { code: 'conflict', message: 'the conference is full' }], 'full'),
  refused('room-absent', absent, 'absent'),
  refused('room-withdrawn', [401, { code: 'unauthorized', message: 'no' }], 'withdrawn'),
  {
    name: 'room-removed', screen: 'removed', claims: {},
    play: async (w) => {
      await sit(w);
      w.remove('Please keep to the subject.');
    },
  },
  {
    name: 'room-over', screen: 'over', claims: {},
    play: async (w) => {
      await sit(w);
      w.remove(LeftReason.timeUp);
    },
  },
];
