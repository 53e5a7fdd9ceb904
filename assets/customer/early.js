// @ts-check
/**
 * Before the time: when it begins, how long that is, and then on by itself; or,
 * where nobody knows when, a look now and then.
 */
import { pause } from '../lib/backoff.js';
import { byID } from './dom.js';

const MINUTE = 60_000;
/** Milliseconds before each look whether a room is open; the last one repeats. */
const LOOKS = [2_000, 4_000, 8_000, 15_000, 30_000];

/**
 * How long something is away, in the reader's words.
 * @param {number} wait milliseconds
 * @param {string} [language]
 */
export function inWords(wait, language) {
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'always' });
  const minutes = Math.max(1, Math.ceil(wait / MINUTE));
  if (minutes < 90) return format.format(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 36 ? format.format(hours, 'hour') : format.format(Math.round(hours / 24), 'day');
}

/**
 * Shows the screen and calls open once the time has come. The server's clock
 * counts; the browser's only measures how long is left.
 * @param {number} opensAt milliseconds @param {number} now by the server's clock
 * @param {import('./screens.js').Screens} screens @param {() => void} open
 */
export function early(opensAt, now, screens, open) {
  const end = performance.now() + opensAt - now;
  const at = new Date(Date.now() + opensAt - now);
  const time = byID('early-time', HTMLTimeElement);
  time.dateTime = at.toISOString();
  const day = at.toDateString() === new Date().toDateString() ? '' : 'full';
  time.textContent = new Intl.DateTimeFormat(undefined, { timeStyle: 'short', ...(day ? { dateStyle: 'full' } : {}) }).format(at);
  screens.show('early');
  const tick = () => {
    // A machine that slept has measured nothing meanwhile, and may have no network yet.
    const left = Math.min(end - performance.now(), at.getTime() - Date.now());
    if (left <= 0 && navigator.onLine) return open();
    byID('early-wait', HTMLElement).textContent = `That is ${inWords(left)}.`;
    setTimeout(tick, left > 0 ? Math.min(left + 50, MINUTE / 2) : 1_000);
  };
  tick();
}

/** Milliseconds before look n, spread out so that many pages do not look at once. @param {number} look counted from 0 @param {() => number} random */
export const patience = (look, random = Math.random) => Math.round(LOOKS[Math.min(look, LOOKS.length - 1)] * (0.75 + random() / 2));

/**
 * Stays before a room that is not open: until its time, or until a look finds it
 * open. What it calls then tries to go in.
 * @param {{ notBefore: number | null, now: number | null }} refusal as the server told it
 * @param {{ looks: number, again: () => void }} wait looks: how many there were
 * @param {import('./screens.js').Screens} screens
 * @param {(now: () => void) => void} show shows the page of it, which may look at once
 */
export function stand({ notBefore, now }, { looks, again }, screens, show) {
  if (notBefore && now) return early(Math.max(notBefore, now + 1_000), now, screens, again);
  const waiting = new AbortController();
  show(() => {
    waiting.abort();
    screens.show('joining');
    again();
  });
  pause(patience(looks), waiting.signal).then(again, () => undefined);
}
