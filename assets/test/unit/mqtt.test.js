// @ts-check
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Subscriber } from '../../lib/mqtt.js';
import { APIError } from '../../lib/rest.js';

const CONNACK = [0x20, 2, 0, 0];
const REFUSED = [0x20, 2, 0, 5];
const SUBACK = [0x90, 3, 0, 1, 1];
const NOT_GRANTED = [0x90, 3, 0, 1, 0x80];
const PUBLISH = [0x32, 6, 0, 1, 0x74, 0, 9, 0x78]; // "x" on "t", identifier 9

/** The server's side of the sockets that a subscriber opens. */
class Sockets extends EventTarget {
  /** @type {any[]} */
  all = [];

  constructor() {
    super();
    const sockets = this;
    this.WebSocket = /** @type {any} */ (
      class {
        static OPEN = 1;
        readyState = 0;
        /** @type {number[][]} */
        sent = [];
        constructor(/** @type {string} */ url, /** @type {string[]} */ protocols) {
          Object.assign(this, { url, protocols });
          sockets.all.push(this);
          setImmediate(() => sockets.dispatchEvent(new CustomEvent('socket', { detail: this })));
        }
        send(/** @type {Uint8Array} */ bytes) {
          this.sent.push([...bytes]);
        }
        close() {
          this.readyState = 3;
        }
        open() {
          this.readyState = 1;
          /** @type {any} */ (this).onopen();
        }
        says(/** @type {number[][]} */ ...packets) {
          for (const p of packets) /** @type {any} */ (this).onmessage({ data: Uint8Array.from(p).buffer });
        }
      }
    );
  }

  async next() {
    const [e] = await once(this, 'socket');
    e.detail.open();
    return e.detail;
  }
}

class Tokens {
  count = 1;
  token = async () => `t${this.count}`;
  reject = () => {
    this.count++;
  };
}

/** @param {import('node:test').TestContext} t @param {{ onMessage?: (payload: string) => void, tokens?: any }} [more] */
function begin(t, { onMessage = () => undefined, tokens = new Tokens() } = {}) {
  const sockets = new Sockets();
  const subscriber = new Subscriber({
    url: 'ws://h/ws', clientId: 'e1', topic: 't', tokens, onMessage, WebSocket: sockets.WebSocket,
  });
  /** @type {string[]} */
  const news = [];
  for (const type of ['up', 'down', 'refused']) subscriber.addEventListener(type, () => news.push(type));
  const running = subscriber.run();
  t.after(() => subscriber.close());
  return { sockets, subscriber, tokens, news, running };
}

const text = (/** @type {number[]} */ packet) => String.fromCharCode(...packet);

test('it signs in with the token, subscribes, and acknowledges after the handler', async (t) => {
  /** @type {number[]} */
  const sentBefore = [];
  /** @type {any} */
  let socket;
  const { sockets, subscriber, news, running } = begin(t, { onMessage: (payload) => sentBefore.push(socket.sent.length, payload.length) });
  socket = await sockets.next();
  assert.deepEqual([socket.url, socket.protocols], ['ws://h/ws', ['mqtt']]);
  assert.match(text(socket.sent[0]), /e1.*t1$/s);
  socket.says(CONNACK);
  assert.equal(socket.sent[1][0], 0x82);
  socket.says(SUBACK);
  assert.deepEqual(news, ['up']);
  socket.says(PUBLISH);
  assert.deepEqual(sentBefore, [2, 1]);
  assert.deepEqual(socket.sent[2], [0x40, 2, 0, 9]);
  subscriber.close();
  await running;
  assert.deepEqual(socket.sent.at(-1), [0xe0, 0]);
  assert.equal(sockets.all.length, 1);
});

test('a lost connection is made again with the token of then', async (t) => {
  const { sockets, subscriber, tokens, news, running } = begin(t);
  const first = await sockets.next();
  first.says(CONNACK, SUBACK);
  tokens.count = 7;
  first.onclose();
  assert.deepEqual(news, ['up', 'down']);
  const second = await sockets.next();
  assert.match(text(second.sent[0]), /t7$/);
  second.says(CONNACK, SUBACK);
  assert.deepEqual(news, ['up', 'down', 'up']);
  first.onclose(); // a late echo of the first
  assert.deepEqual(news, ['up', 'down', 'up']);
  subscriber.close();
  await running;
});

test('a refused token is forgotten before the next try', async (t) => {
  const { sockets, subscriber, running } = begin(t);
  (await sockets.next()).says(REFUSED);
  assert.match(text((await sockets.next()).sent[0]), /t2$/);
  subscriber.close();
  await running;
});

for (const [name, packets] of /** @type {[string, number[][]][]} */ ([
  ['garbage', [[0xf0, 0]]],
  ['a topic that is not granted', [CONNACK, NOT_GRANTED]],
])) {
  test(`${name} ends the connection, not the subscriber`, async (t) => {
    const { sockets, subscriber, news, running } = begin(t);
    const first = await sockets.next();
    first.says(...packets);
    assert.equal(first.readyState, 3);
    (await sockets.next()).says(CONNACK, SUBACK);
    assert.deepEqual(news, ['up']);
    subscriber.close();
    await running;
  });
}

test('a token that is not to be had ends it', async (t) => {
  const { news, running } = begin(t, { tokens: { token: async () => { throw new APIError({ status: 400, code: 'invalid_grant' }); } } });
  await running;
  assert.deepEqual(news, ['refused']);
});

test('renew connects anew at once, close ends it in any state', async (t) => {
  const { sockets, subscriber, running } = begin(t);
  (await sockets.next()).says(CONNACK, SUBACK);
  subscriber.renew();
  await sockets.next();
  subscriber.close();
  await running;
  subscriber.renew();
  subscriber.probe();
  assert.equal(sockets.all.length, 2);
});
