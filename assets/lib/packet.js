// @ts-check
/**
 * The packets of MQTT 3.1.1 (OASIS standard, 29 October 2014) that a
 * subscriber needs, as bytes. Pure functions and one reader; no socket.
 */

/** Packet types, section 2.2.1. */
export const Type = Object.freeze({
  connect: 1, connack: 2, publish: 3, puback: 4, subscribe: 8, suback: 9, pingreq: 12, pingresp: 13, disconnect: 14,
});

/** The greatest packet that is read, in bytes; events are far smaller. */
export const MAX_PACKET = 1 << 20;

/** Malformed tells that the bytes are not MQTT as a server may send it; the connection must end. */
export class Malformed extends Error {
  /** @param {string} what */
  constructor(what) {
    super(`malformed packet: ${what}`);
    this.name = 'Malformed';
  }
}

/**
 * @typedef {{ type: 2, code: number }} Connack
 * @typedef {{ type: 3, topic: string, payload: string, qos: number, id: number }} Publish
 * @typedef {{ type: 9, id: number, codes: number[] }} Suback
 * @typedef {{ type: 13 }} Pingresp
 * @typedef {Connack | Publish | Suback | Pingresp} Packet
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A string with its length before it, section 1.5.3. @param {string} s */
function string(s) {
  const bytes = encoder.encode(s);
  if (bytes.length > 0xffff) throw new RangeError('a string of MQTT has 65535 bytes at most');
  return [...uint16(bytes.length), ...bytes];
}

/** @param {number} n */
const uint16 = (n) => [n >> 8, n & 0xff];

/** @param {number} first @param {number[]} body */
function packet(first, body) {
  const length = [];
  for (let n = body.length; ; ) {
    const more = n >> 7;
    length.push((n & 0x7f) | (more > 0 ? 0x80 : 0));
    if (more === 0) break;
    n = more;
  }
  return Uint8Array.from([first, ...length, ...body]);
}

/**
 * CONNECT with a clean session and a user name, section 3.1.
 * @param {{ clientId: string, username: string, keepAlive: number }} c keepAlive in seconds
 */
export function connect({ clientId, username, keepAlive }) {
  const cleanSession = 0x02;
  const userName = 0x80;
  return packet(Type.connect << 4, [
    ...string('MQTT'), 4, cleanSession | userName, ...uint16(keepAlive), ...string(clientId), ...string(username),
  ]);
}

/** SUBSCRIBE to one topic at QoS 1, section 3.8. @param {number} id @param {string} topic */
export function subscribe(id, topic) {
  return packet((Type.subscribe << 4) | 2, [...uint16(id), ...string(topic), 1]);
}

/** PUBACK, section 3.4. @param {number} id */
export const puback = (id) => packet(Type.puback << 4, uint16(id));

/** PINGREQ, section 3.12. */
export const pingreq = () => packet(Type.pingreq << 4, []);

/** DISCONNECT, section 3.14. */
export const disconnect = () => packet(Type.disconnect << 4, []);

/**
 * Reader cuts a byte stream into packets: a WebSocket message may hold several,
 * or a part of one (section 6).
 */
export class Reader {
  #rest = new Uint8Array(0);

  /**
   * Takes bytes and returns the packets that are complete now.
   * @param {Uint8Array} bytes
   * @returns {Packet[]}
   */
  push(bytes) {
    let all = bytes;
    if (this.#rest.length > 0) {
      all = new Uint8Array(this.#rest.length + bytes.length);
      all.set(this.#rest);
      all.set(bytes, this.#rest.length);
    }
    const packets = [];
    let at = 0;
    for (;;) {
      const head = header(all, at);
      if (head === null || head.end > all.length) break;
      packets.push(decode(all[at] ?? 0, all.subarray(head.start, head.end)));
      at = head.end;
    }
    this.#rest = all.slice(at);
    return packets;
  }
}

/**
 * Where the body of the packet at offset at begins and ends, section 2.2.3;
 * null when its length is not all there.
 * @param {Uint8Array} bytes @param {number} at
 */
function header(bytes, at) {
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const b = bytes[at + 1 + i];
    if (b === undefined) return null;
    length |= (b & 0x7f) << (7 * i);
    if (b < 0x80) {
      if (length > MAX_PACKET) throw new Malformed(`${length} bytes are too many`);
      const start = at + 2 + i;
      return { start, end: start + length };
    }
  }
  throw new Malformed('its length has more than four bytes');
}

/** @param {number} first @param {Uint8Array} body @returns {Packet} */
function decode(first, body) {
  const flags = first & 0x0f;
  const type = first >> 4;
  if (type === Type.publish) return publish(flags, body);
  if (flags !== 0) throw new Malformed(`flags ${flags} on type ${type}`);
  switch (type) {
    case Type.connack:
      if (body.length !== 2) throw new Malformed('CONNACK has two bytes');
      return { type: 2, code: /** @type {number} */ (body[1]) };
    case Type.suback:
      if (body.length < 3) throw new Malformed('SUBACK has three bytes at least');
      return { type: 9, id: number(body, 0), codes: [...body.subarray(2)] };
    case Type.pingresp:
      if (body.length !== 0) throw new Malformed('PINGRESP has no body');
      return { type: 13 };
    default:
      throw new Malformed(`type ${type} is not for a subscriber`);
  }
}

/** @param {number} flags @param {Uint8Array} body @returns {Publish} */
function publish(flags, body) {
  const qos = (flags >> 1) & 3;
  if (qos > 1) throw new Malformed(`QoS ${qos} was not granted`);
  let at = 2 + number(body, 0);
  if (at > body.length) throw new Malformed('its topic is cut off');
  const topic = utf8(body.subarray(2, at));
  let id = 0;
  if (qos === 1) {
    id = number(body, at);
    if (id === 0) throw new Malformed('QoS 1 without a packet identifier');
    at += 2;
  }
  return { type: 3, topic, payload: utf8(body.subarray(at)), qos, id };
}

/** @param {Uint8Array} body @param {number} at */
function number(body, at) {
  const high = body[at];
  const low = body[at + 1];
  if (high === undefined || low === undefined) throw new Malformed('it is cut off');
  return (high << 8) | low;
}

/** @param {Uint8Array} bytes */
function utf8(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Malformed('its text is no UTF-8');
  }
}
