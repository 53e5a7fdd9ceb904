// @ts-check
/** Instants as people read them: in their own zone and manner, the exact UTC at hand. */
import { make } from './dom.js';

/**
 * A time element, or a dash for what never was.
 * @param {Date | null} instant @param {'minute' | 'second'} [precision]
 */
export function timeOf(instant, precision = 'minute') {
  if (!instant) return make('span', { class: 'quiet none' }, '–');
  const timeStyle = precision === 'second' ? 'medium' : 'short';
  const words = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle }).format(instant);
  const exact = instant.toISOString();
  return make('time', { datetime: exact, title: `${exact.replace('T', ' ').replace('Z', '')} UTC` }, words);
}
