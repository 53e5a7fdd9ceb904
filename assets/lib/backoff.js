// @ts-check
/**
 * Waits between attempts: short at first, then every few seconds for as long
 * as it takes, spread out so that many pages do not come back at once.
 */

/** Milliseconds before attempt n; the last one repeats. */
const WAITS = [0, 300, 1200, 2700, 4800, 5000];

/** @param {number} attempt counted from 0 @param {() => number} random */
export function wait(attempt, random = Math.random) {
  const ms = WAITS[Math.min(attempt, WAITS.length - 1)];
  return Math.round(ms * (0.75 + random() / 2));
}

/**
 * Milliseconds before attempt n of who was cut: little more than a second at
 * most, for about a minute. So it is back within two seconds after an outage of
 * that length, and a server that is away does not mind.
 * @param {number} attempt counted from 0 @param {() => number} random
 */
export const brisk = (attempt, random = Math.random) => wait(attempt < 50 ? Math.min(attempt, 2) : attempt, random);

/**
 * Resolves after ms, or as soon as wake is called or the network returns.
 * @param {number} ms
 * @param {AbortSignal} signal rejects the wait
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const online = () => finish(resolve);
    const abort = () => finish(() => reject(signal.reason));
    const timer = setTimeout(() => finish(resolve), ms);
    /** @param {() => void} then */
    function finish(then) {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', online);
      signal.removeEventListener('abort', abort);
      then();
    }
    if (signal.aborted) return abort();
    globalThis.addEventListener?.('online', online);
    signal.addEventListener('abort', abort);
  });
}
