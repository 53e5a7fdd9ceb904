// @ts-check
/** The page of a ticket whose time has not come: when it begins, how long that is, and then on by itself. */
import { byID } from './dom.js';

const MINUTE = 60_000;

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
    const left = end - performance.now();
    if (left <= 0) return open();
    byID('early-wait', HTMLElement).textContent = `That is ${inWords(left)}.`;
    setTimeout(tick, Math.min(left + 50, MINUTE / 2));
  };
  tick();
}
