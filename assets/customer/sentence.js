// @ts-check
/** What went wrong, as a sentence for people; pure. */
import { APIError, OFFLINE } from '../lib/rest.js';

/**
 * The server says why in words; here they become a sentence, and bytes become
 * megabytes.
 * @param {unknown} err
 */
export function sentenceOf(err) {
  if (err instanceof RangeError) return err.message;
  if (!(err instanceof APIError)) return 'That did not work.';
  if (err.code === OFFLINE) return 'The connection was lost.';
  if (err.status === 413 && err.message === err.code) return 'The file is too large.';
  const words = err.message === err.code || err.message === '' ? 'the server refuses' : err.message;
  const short = words.replace(/(\d{5,}) bytes/g, (_, n) => sizeOf(Number(n)));
  return short.charAt(0).toLocaleUpperCase() + short.slice(1).replace(/\.?$/, '.');
}

/** A size in bytes as people say it. @param {number} bytes @param {string} [language] */
export function sizeOf(bytes, language) {
  const [n, unit] = bytes < 1024 ? [bytes, 'byte'] : bytes < 1 << 20 ? [bytes / 1024, 'kilobyte'] : [bytes / (1 << 20), 'megabyte'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short', maximumFractionDigits: n < 10 && unit === 'megabyte' ? 1 : 0 }).format(n);
}
