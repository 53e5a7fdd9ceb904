// @ts-check
/**
 * A subscriber of MQTT 3.1.1 over WebSocket: one connection, one topic, QoS 1,
 * again and again until closed.
 *
 * Why our own: mqtt.js has 106 kB (gzip), twice the page's budget. paho-mqtt
 * (8.5 kB, EPL) is no ES module and acknowledges before its handler has run.
 * u8-mqtt (5 to 7 kB) is the best of the three, but reads past the end of a cut
 * packet without an error, leaves reconnecting with a new token to its user,
 * and has one maintainer. What we need of MQTT is nine packets.
 *
 * The server keeps no session: the topic is subscribed on every connect, and
 * what was not acknowledged comes again. An event is acknowledged after its
 * handler took it. MQTT 3.1.1 gives no reason when it cuts, so that every
 * connection asks for a valid token first.
 */
import { brisk, pause } from './backoff.js';
import { Reader, Type, connect, disconnect, pingreq, puback, subscribe } from './packet.js';
import { APIError } from './rest.js';

/** Seconds between two signs of life; the server waits one and a half times that. */
const KEEP_ALIVE = 20;
/** Milliseconds that CONNACK, SUBACK and PINGRESP may take. */
const PATIENCE = 8_000;

/** @type {(code: number) => boolean} CONNACK codes that blame the token, section 3.2.2.3 */
const blamesToken = (code) => code === 4 || code === 5;

/**
 * Subscriber reports "up" once subscribed, "down" when that connection is
 * lost, and "refused" (detail: the APIError) when there is no token to be had.
 */
export class Subscriber extends EventTarget {
  #config;
  #ending = new AbortController();
  /** @type {(() => void) | null} ends the running connection so that the next begins at once */
  #cut = null;
  /** @type {((patience: number) => void) | null} */
  #probe = null;

  /**
   * @param {object} config
   * @param {string} config.url ws:// or wss://
   * @param {string} config.clientId
   * @param {string} config.topic
   * @param {import('./rest.js').Tokens} config.tokens
   * @param {(payload: string) => void} config.onMessage must not throw
   * @param {typeof globalThis.WebSocket} [config.WebSocket]
   */
  constructor({ url, clientId, topic, tokens, onMessage, WebSocket = globalThis.WebSocket }) {
    super();
    this.#config = { url, clientId, topic, tokens, onMessage, WebSocket };
  }

  /** Runs until close; resolves then. */
  async run() {
    const { signal } = this.#ending;
    for (let attempt = 0; !signal.aborted; ) {
      try {
        await pause(brisk(attempt), signal);
        const token = await this.#config.tokens.token();
        const how = await this.#connection(token, signal);
        attempt = how.lived ? 0 : attempt + 1;
      } catch (err) {
        if (signal.aborted) return;
        if (err instanceof APIError && !err.temporary) {
          this.dispatchEvent(new CustomEvent('refused', { detail: err }));
          return;
        }
        attempt++;
      }
    }
  }

  /** Connects anew with the token of now. */
  renew() {
    this.#cut?.();
  }

  /** Finds out within three seconds whether the connection still lives. */
  probe() {
    this.#probe?.(3_000);
  }

  /** Ends the connection for good. */
  close() {
    this.#ending.abort();
  }

  /**
   * One connection, from CONNECT to its end.
   * @param {string} token @param {AbortSignal} signal
   * @returns {Promise<{ lived: boolean }>} whether it got as far as subscribed
   */
  #connection(token, signal) {
    const { url, clientId, topic, tokens, onMessage, WebSocket } = this.#config;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve({ lived: false });
      const socket = new WebSocket(url, ['mqtt']);
      const reader = new Reader();
      let lived = false;
      let ended = false;
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let deadline;
      socket.binaryType = 'arraybuffer';

      const end = () => {
        if (ended) return;
        ended = true;
        clearTimeout(deadline);
        clearInterval(beat);
        signal.removeEventListener('abort', end);
        this.#cut = this.#probe = null;
        if (socket.readyState === WebSocket.OPEN) socket.send(disconnect());
        socket.close();
        if (lived) this.dispatchEvent(new Event('down'));
        resolve({ lived });
      };
      /** @param {number} ms */
      const expect = (ms) => {
        clearTimeout(deadline);
        deadline = setTimeout(end, ms);
      };
      /** @param {number} patience */
      const ping = (patience) => {
        if (!lived) return;
        socket.send(pingreq());
        expect(patience);
      };
      const beat = setInterval(() => ping(PATIENCE), KEEP_ALIVE * 1000);
      this.#cut = end;
      this.#probe = ping;
      signal.addEventListener('abort', end);
      expect(PATIENCE);

      /** @param {import('./packet.js').Packet} packet */
      const handle = (packet) => {
        switch (packet.type) {
          case Type.connack:
            if (packet.code === 0) return socket.send(subscribe(1, topic));
            if (blamesToken(packet.code)) tokens.reject(token);
            return end();
          case Type.suback:
            if (packet.codes[0] !== 1) return end();
            clearTimeout(deadline);
            lived = true;
            this.dispatchEvent(new Event('up'));
            return;
          case Type.pingresp:
            clearTimeout(deadline);
            return;
          case Type.publish:
            onMessage(packet.payload);
            if (packet.qos === 1) socket.send(puback(packet.id));
            return;
        }
      };
      socket.onopen = () => socket.send(connect({ clientId, username: token, keepAlive: KEEP_ALIVE }));
      socket.onclose = end;
      socket.onerror = end;
      socket.onmessage = ({ data }) => {
        if (ended) return;
        try {
          if (!(data instanceof ArrayBuffer)) return end();
          for (const packet of reader.push(new Uint8Array(data))) {
            if (ended) return;
            handle(packet);
          }
        } catch {
          end(); // malformed, or a socket that closed under a send
        }
      };
    });
  }
}
