// @ts-check
/** The chat against a server played by hand: order, gaps, lost answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API } from '../../lib/api.js';
import { Chat, cleanText } from '../../lib/chat.js';
import { APIError, OFFLINE } from '../../lib/rest.js';
import { readEvent } from '../../lib/wire.js';

/** Keeps lines as the server does, and lets a test lose what it likes. */
class Office extends EventTarget {
  /** @type {any[]} */
  messages = [];
  page = 3;
  phase = 'in';
  userId = 'guest-1';
  away = false;
  get seat() {
    return this.away ? null : { conferenceId: 'c1', userEndpointId: 'e2' };
  }
  /** What happens to the next requests to send. @type {('lose' | 'lose-answer' | 'refuse')[]} */
  fates = [];
  fetches = 0;
  /** @type {string[]} */
  sent = [];
  /** A line that the list leaves out. */
  hidden = 0;
  api = new API(/** @type {any} */ ({ get: (/** @type {string} */ p) => this.#list(p), post: (/** @type {string} */ _, /** @type {any} */ b) => this.#post(b) }));

  /** @param {string} text @param {string} [userId] */
  say(text, userId = 'anna', messageId = `m${this.messages.length + 1}`) {
    const known = this.messages.find((m) => m.messageId === messageId);
    if (known) return known;
    const message = {
      messageId, conferenceId: 'c1', seq: this.messages.length + 1, userId, userEndpointId: `e-${userId}`, name: userId, text, timestamp: '2026-01-02T03:04:05.060Z',
    };
    this.messages.push(message);
    return message;
  }

  /** Tells of a line. @param {any} message */
  tell(message) {
    const detail = readEvent({ ...message, type: 'ConferenceMessageSentEvent', id: `v${message.seq}` });
    this.dispatchEvent(new CustomEvent('event', { detail }));
  }

  /** @param {string} path */
  async #list(path) {
    this.fetches++;
    const after = Number(new URL(path, 'http://x').searchParams.get('after'));
    const past = this.messages.filter((m) => m.seq > after && m.seq !== this.hidden);
    return { messages: past.slice(0, this.page), more: past.length > this.page };
  }

  /** @param {any} body */
  async #post(body) {
    this.sent.push(body.messageId);
    const fate = this.fates.shift();
    if (fate === 'lose') throw new APIError({ code: OFFLINE });
    if (fate === 'refuse') throw new APIError({ status: 400, code: 'invalid_request', message: 'no' });
    const message = this.say(body.text, this.userId, body.messageId);
    if (fate === 'lose-answer') throw new APIError({ code: OFFLINE });
    return message;
  }
}

/** @param {Office} office @param {(chat: Chat) => boolean} condition @param {Chat} chat */
async function until(office, chat, condition) {
  const deadline = performance.now() + 20_000;
  while (!condition(chat)) {
    assert.ok(performance.now() < deadline, `never true: ${condition}; ${JSON.stringify(chat.lines)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  void office;
}
const texts = (/** @type {Chat} */ chat) => chat.lines.map((l) => l.text).join(' ');

/** @param {string} name @param {(office: Office, begin: () => Promise<Chat>) => Promise<void>} play */
function scene(name, play) {
  test(name, async () => {
    const office = new Office();
    /** @type {Chat | undefined} */
    let chat;
    await play(office, async () => {
      chat = new Chat(/** @type {any} */ (office));
      await until(office, chat, (c) => c.caughtUp);
      return chat;
    });
    chat?.close();
  });
}

scene('who comes later reads all that was said, page by page, and hears of none of it', async (office) => {
  for (let i = 1; i <= 8; i++) office.say(`${i}`);
  const chat = new Chat(/** @type {any} */ (office));
  let heard = 0;
  chat.addEventListener('message', () => heard++);
  await until(office, chat, (c) => c.caughtUp);
  assert.equal(texts(chat), '1 2 3 4 5 6 7 8');
  assert.equal(heard, 0);
  assert.ok(office.fetches >= 3);
  chat.close();
});

scene('lines come in any order and more than once, and stand in theirs', async (office, begin) => {
  const chat = await begin();
  /** @type {string[]} */
  const heard = [];
  chat.addEventListener('message', (e) => heard.push(/** @type {CustomEvent} */ (e).detail.text));
  const [a, b, c] = ['a', 'b', 'c'].map((t) => office.say(t));
  for (const m of [c, a, a, b, c, b]) office.tell(m);
  await until(office, chat, (x) => texts(x) === 'a b c');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(texts(chat), 'a b c');
  assert.deepEqual(heard, ['a', 'b', 'c']);
});

scene('what is known already is no gap', async (office, begin) => {
  const chat = await begin();
  const { fetches } = office;
  const line = office.say('once');
  office.tell(line);
  office.tell(line);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([texts(chat), office.fetches], ['once', fetches]);
});

scene('a line that nobody told of is fetched', async (office, begin) => {
  const chat = await begin();
  office.say('lost');
  office.tell(office.say('found'));
  await until(office, chat, (c) => texts(c) === 'lost found');
});

scene('a line that cannot be had does not hold up the others for ever', async (office, begin) => {
  const chat = await begin();
  office.hidden = office.say('gone').seq;
  office.tell(office.say('after'));
  await until(office, chat, (c) => texts(c) === 'after');
});

scene('a lost request and a lost answer make one line', async (office, begin) => {
  const chat = await begin();
  office.fates = ['lose', 'lose-answer'];
  const line = chat.send('  hello\r\n ');
  assert.deepEqual([line.text, line.state, line.own], ['hello', 'sending', true]);
  await until(office, chat, (c) => c.lines[0]?.state === 'sent');
  assert.equal(office.sent.length, 3);
  assert.equal(new Set(office.sent).size, 1);
  assert.equal(office.messages.length, 1);
  assert.deepEqual([chat.lines.length, line.seq], [1, 1]);
  office.tell(office.messages[0]);
  assert.equal(chat.lines.length, 1);
});

scene('news of a line of one\'s own may come before the answer', async (office, begin) => {
  const chat = await begin();
  const line = chat.send('mine');
  office.tell(office.say('mine', office.userId, line.messageId));
  assert.deepEqual([chat.lines.length, line.state], [1, 'sent']);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(chat.lines.length, 1);
});

scene('a refused line says so, holds up no other, and can be sent again under its id', async (office, begin) => {
  const chat = await begin();
  office.fates = ['refuse'];
  const line = chat.send('first');
  chat.send('second');
  await until(office, chat, (c) => c.lines.some((l) => l.text === 'second' && l.state === 'sent'));
  assert.equal(line.state, 'failed');
  assert.equal(/** @type {APIError} */ (line.error).message, 'no');
  chat.again(line);
  await until(office, chat, (c) => c.lines.every((l) => l.state === 'sent'));
  assert.equal(texts(chat), 'second first');
  assert.equal(office.sent[0], office.sent.at(-1));
});

scene('what is written while a stay is renewed goes out with the next', async (office, begin) => {
  const chat = await begin();
  office.away = true;
  office.phase = 'reconnecting';
  const line = chat.send('wait for me');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(office.sent.length, 0);
  const missed = office.say('while you were away');
  office.away = false;
  office.phase = 'in';
  office.dispatchEvent(new Event('phase'));
  await until(office, chat, (c) => c.lines.length === 2 && line.state === 'sent');
  assert.deepEqual([missed.seq, line.seq], [1, 2]);
});

test('a text is cleaned of what the server would refuse', () => {
  assert.equal(cleanText(' a\r\nb\rc\u0000\u0007\t\u{1F600}d\u0085\ud800 '), 'a\nb\nc\t\u{1F600}d');
  const chat = new Chat(/** @type {any} */ (new Office()));
  assert.throws(() => chat.send(' \n\u0000'), RangeError);
  assert.throws(() => chat.send('é'.repeat(2001)), RangeError);
  chat.close();
});
