// @ts-check
/**
 * One connection to the media server, whichever way the media flows: we offer,
 * the server answers with all of its candidates, ours trickle after. In mode P2P
 * it is one to another participant, who may offer, and whose candidates trickle
 * too. It reports
 * "connected", "shaky" (no answer at the moment), "failed" when it gave up by
 * itself, and "closed" at its end.
 */

/** Milliseconds that a connection may take to come up. */
const COME_UP = 15_000;
/** Milliseconds of silence after which a new connection is the faster cure. */
const SILENCE = 4_000;

/** @typedef {import('./wire.js').ICECandidate} ICECandidate */

/** Peer owns an RTCPeerConnection; its owner adds transceivers before connect. */
export class Peer extends EventTarget {
  /** The connection itself, for transceivers, tracks and statistics. */
  pc;
  #exchange;
  #send;
  /** @type {ICECandidate[]} */
  #candidates = [];
  /** @type {ICECandidate[]} those of the other side that came early */
  #heard = [];
  #answered = false;
  #sending = false;
  #over = false;
  #connected = false;
  #shaky = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {object} config
   * @param {RTCIceServer[]} config.iceServers
   * @param {(local: string) => Promise<string | void>} config.exchange offer to answer; or takes our answer
   * @param {(candidates: ICECandidate[]) => Promise<void>} config.sendCandidates
   */
  constructor({ iceServers, exchange, sendCandidates }) {
    super();
    this.#exchange = exchange;
    this.#send = sendCandidates;
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.pc.onicecandidate = ({ candidate }) => {
      this.#candidates.push(
        candidate
          ? { candidate: candidate.candidate, sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex }
          : { candidate: '', sdpMid: '0', sdpMLineIndex: 0 }, // no more, RFC 8838 section 13
      );
      void this.#trickle();
    };
    this.pc.onconnectionstatechange = () => this.#watch();
  }

  /** Whether media flows now. */
  get connected() {
    return this.#connected && !this.#over;
  }

  /** Offers and takes the answer, or answers the offer that was set; throws the server's refusal. */
  async connect() {
    const offers = !this.pc.remoteDescription;
    await this.pc.setLocalDescription();
    const answer = await this.#exchange(this.pc.localDescription?.sdp ?? '');
    if (this.#over) return;
    if (!this.#connected) this.#timer = setTimeout(() => this.fail(), COME_UP);
    if (offers) await this.pc.setRemoteDescription({ type: 'answer', sdp: /** @type {string} */ (answer) });
    this.#answered = true;
    this.hear(this.#heard.splice(0));
    void this.#trickle();
  }

  /** Takes candidates of the other side. @param {ICECandidate[]} candidates */
  hear(candidates) {
    if (!this.#answered) this.#heard.push(...candidates);
    // One that cannot be used is one path less.
    else for (const c of candidates) if (!this.#over) this.pc.addIceCandidate(c).catch(() => undefined);
  }

  /** Gives up this connection and says so. */
  fail() {
    if (this.#over) return;
    this.close();
    this.dispatchEvent(new Event('failed'));
  }

  /** Gives up when the other side closes the connection. */
  failWhenClosed() {
    const transport = this.pc.getReceivers()[0]?.transport;
    transport?.addEventListener('statechange', () => transport.state === 'closed' && this.fail());
  }

  /** Gives up at once on a connection that gets no answer at the moment. */
  hurry() {
    if (this.#shaky) this.fail();
  }

  /** Ends the connection. */
  close() {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.pc.onicecandidate = this.pc.onconnectionstatechange = this.pc.ontrack = null;
    this.pc.close();
    this.dispatchEvent(new Event('closed'));
  }

  #watch() {
    switch (this.pc.connectionState) {
      case 'connected':
        clearTimeout(this.#timer);
        this.#connected = true;
        this.#shaky = false;
        this.dispatchEvent(new Event('connected'));
        break;
      case 'disconnected':
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.fail(), SILENCE);
        this.#connected = false;
        this.#shaky = true;
        this.dispatchEvent(new Event('shaky'));
        break;
      case 'failed':
        this.fail();
        break;
    }
  }

  /** Sends what has gathered, one request at a time, none before the answer. */
  async #trickle() {
    if (!this.#answered || this.#sending) return;
    this.#sending = true;
    while (this.#candidates.length > 0 && !this.#over) {
      const batch = this.#candidates.splice(0);
      // A lost candidate is one path less; the others may do.
      await this.#send(batch).catch(() => undefined);
    }
    this.#sending = false;
  }
}
