// @ts-check
/**
 * How good the network is, in one word, from the connections' statistics (W3C
 * webrtc-stats): loss both ways, round-trip time and jitter over the last few
 * seconds. The worst of them decides.
 */

/** @typedef {'good' | 'fair' | 'poor'} Grade */
/** @typedef {{ loss: number, rtt: number, jitter: number }} Sample loss 0 to 1, the others in seconds */

/** Milliseconds between two looks. */
const PERIOD = 2_500;
/** Looks that must agree before the word gets better; it gets worse at once. */
const CALM = 3;

/** The grade of one sample. @param {Sample} sample @returns {Grade} */
export function gradeOf({ loss, rtt, jitter }) {
  if (loss > 0.08 || rtt > 0.5 || jitter > 0.08) return 'poor';
  if (loss > 0.02 || rtt > 0.25 || jitter > 0.03) return 'fair';
  return 'good';
}

/** Quality looks at the connections again and again; "grade" tells of a change. */
export class Quality extends EventTarget {
  /** @type {Grade | null} */
  grade = null;
  /** @type {Map<string, { lost: number, received: number }>} */
  #before = new Map();
  #better = 0;

  /**
   * Runs until the signal aborts.
   * @param {() => RTCPeerConnection[]} connections @param {AbortSignal} signal
   */
  run(connections, signal) {
    const timer = setInterval(() => {
      this.#look(connections()).catch(() => undefined); // a connection that closed meanwhile
    }, PERIOD);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** @param {RTCPeerConnection[]} connections */
  async #look(connections) {
    const reports = await Promise.all(connections.map((pc) => pc.getStats()));
    if (reports.length === 0) return;
    this.#take(this.sample(reports));
  }

  /**
   * The worst values of some reports since the last call.
   * @param {Iterable<unknown>[]} reports @returns {Sample}
   */
  sample(reports) {
    const worst = { loss: 0, rtt: 0, jitter: 0 };
    const seen = new Map();
    reports.forEach((report, at) => {
      for (const [, s] of /** @type {Iterable<[string, any]>} */ (report)) {
        if (s.type === 'remote-inbound-rtp') {
          worst.loss = Math.max(worst.loss, s.fractionLost ?? 0);
          worst.rtt = Math.max(worst.rtt, s.roundTripTime ?? 0);
          worst.jitter = Math.max(worst.jitter, s.jitter ?? 0);
        } else if (s.type === 'candidate-pair' && s.nominated) {
          worst.rtt = Math.max(worst.rtt, s.currentRoundTripTime ?? 0);
        } else if (s.type === 'inbound-rtp') {
          const key = `${at}/${s.ssrc ?? s.id}`;
          const now = { lost: s.packetsLost ?? 0, received: s.packetsReceived ?? 0 };
          const before = this.#before.get(key) ?? now;
          const lost = Math.max(0, now.lost - before.lost);
          const all = lost + Math.max(0, now.received - before.received);
          if (all > 0) worst.loss = Math.max(worst.loss, lost / all);
          if (s.kind === 'audio') worst.jitter = Math.max(worst.jitter, s.jitter ?? 0);
          seen.set(key, now);
        }
      }
    });
    this.#before = seen;
    return worst;
  }

  /** @param {Sample} sample */
  #take(sample) {
    const grade = gradeOf(sample);
    const rank = { poor: 0, fair: 1, good: 2 };
    const better = this.grade !== null && rank[grade] > rank[this.grade];
    this.#better = better ? this.#better + 1 : 0;
    if (grade === this.grade || (better && this.#better < CALM)) return;
    this.grade = grade;
    this.#better = 0;
    this.dispatchEvent(new Event('grade'));
  }
}
