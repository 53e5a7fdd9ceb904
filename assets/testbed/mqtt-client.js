// @ts-check
/**
 * MQTT.js as a command, for tests of the broker: it connects as its argument (JSON, an Order) tells,
 * subscribes or publishes, prints what it hears as JSON lines, and leaves after so many messages.
 */
import mqtt from 'mqtt';

/**
 * @typedef {object} Order
 * @property {string} url
 * @property {3 | 4 | 5} level
 * @property {string} id
 * @property {string} user
 * @property {string} password
 * @property {string[]} topics
 * @property {boolean} will
 * @property {string} publish a topic
 * @property {number} count of messages
 */

/** @type {Order} */
const order = JSON.parse(process.argv[2] ?? '{}');
let left = order.count;

/** @type {(line: object) => void} */
const say = (line) => void process.stdout.write(`${JSON.stringify(line)}\n`);

const client = mqtt.connect(order.url, {
  protocolVersion: order.level,
  protocolId: order.level === 3 ? 'MQIsdp' : 'MQTT',
  clientId: order.id,
  username: order.user,
  ...(order.password && { password: order.password }),
  ...(order.will && { will: { topic: 'users/endpoints/bert-1', payload: Buffer.from('forged'), qos: 1, retain: false } }),
  clean: true,
  reconnectPeriod: 0,
  connectTimeout: 20_000,
});
client.on('packetreceive', (packet) => {
  switch (packet.cmd) {
    case 'connack':
      say({ connack: packet.returnCode ?? packet.reasonCode ?? 0 });
      break;
    case 'suback':
      say({ granted: packet.granted });
      if (left === 0) client.end();
      break;
    case 'disconnect':
      say({ told: packet.reasonCode });
  }
});
client.on('connect', () => {
  if (order.topics) client.subscribe(order.topics, { qos: 1 }, () => {});
  if (order.publish) client.publish(order.publish, 'forged', { qos: 1 }, () => {});
});
client.on('message', (topic, payload, packet) => {
  say({ topic, payload: payload.toString(), qos: packet.qos });
});
client.on('packetsend', (packet) => {
  if (packet.cmd === 'puback' && --left === 0) setImmediate(() => client.end()); // the packet is about to be written
});
client.on('error', () => {}); // 'close' follows
client.on('close', () => say({ closed: true }));
