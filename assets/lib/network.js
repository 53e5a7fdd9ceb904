// @ts-check
/**
 * How good everybody's network is: what the server measures and tells of every
 * few seconds, and for this side also what its own connections count, which is
 * known earlier. The worse of the two counts.
 */
import { EventType } from './wire.js';

/** Milliseconds after which what the server told is old. */
const FRESH = 16_000;
/** @type {Record<import('./wire.js').NetworkGrade, import('./quality.js').Grade>} */
const words = { OPTIMAL: 'good', SUBOPTIMAL: 'fair', BAD: 'poor' };
const rank = { good: 2, fair: 1, poor: 0 };

/** Network reports "change" when somebody's grade did. */
export class Network extends EventTarget {
  #call;
  /** @type {Record<string, import('./wire.js').EndpointNetwork>} by endpoint */
  #endpoints = {};
  #ending = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {import('./call.js').Call} call */
  constructor(call) {
    super();
    this.#call = call;
    const { signal } = this.#ending;
    call.addEventListener('event', (e) => this.#hear(/** @type {CustomEvent} */ (e).detail), { signal });
    call.addEventListener('quality', () => this.dispatchEvent(new Event('change')), { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** The grade of this side, null while unknown. */
  get own() {
    const told = this.of(this.#call.seat?.userEndpointId ?? '');
    const counted = this.#call.quality;
    if (!told || !counted) return told ?? counted;
    return rank[told] < rank[counted] ? told : counted;
  }

  /** The grade of an endpoint as the server measures it, null while unknown. @param {string} endpoint */
  of(endpoint) {
    const measured = this.#endpoints[endpoint];
    return measured ? words[measured.grade] : null;
  }

  /** What the server measured of an endpoint, or null. @param {string} endpoint */
  measured(endpoint) {
    return this.#endpoints[endpoint] ?? null;
  }

  /** Stops listening. */
  close() {
    this.#ending.abort();
  }

  /** @param {import('./wire.js').Event} event */
  #hear(event) {
    if (event.type !== EventType.networkIndicatorUpdated || !event.network) return;
    this.#set(event.network.endpoints);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#set({}), FRESH);
  }

  /** @param {Record<string, import('./wire.js').EndpointNetwork>} endpoints */
  #set(endpoints) {
    this.#endpoints = endpoints;
    this.dispatchEvent(new Event('change'));
  }
}
