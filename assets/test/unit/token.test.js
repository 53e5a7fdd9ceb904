// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenSource } from '../../lib/token.js';

/** A clock that moves by hand. */
class Clock {
  #now = 0;
  /** @type {{ at: number, f: () => void }[]} */
  timers = [];
  now = () => this.#now;
  setTimeout = (/** @type {() => void} */ f, /** @type {number} */ ms) => {
    const timer = { at: this.#now + ms, f };
    this.timers.push(timer);
    return timer;
  };
  clearTimeout = (/** @type {unknown} */ timer) => {
    this.timers = this.timers.filter((t) => t !== timer);
  };

  /** @param {number} ms */
  async advance(ms) {
    this.#now += ms;
    for (const t of this.timers.filter((t) => t.at <= this.#now)) {
      this.clearTimeout(t);
      t.f();
    }
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** @param {(form: URLSearchParams, n: number) => Response} answer */
function endpoint(answer) {
  /** @type {{ form: URLSearchParams, headers: Headers, url: string }[]} */
  const requests = [];
  const fetch = /** @type {typeof globalThis.fetch} */ (async (url, init) => {
    const form = new URLSearchParams(String(init?.body));
    requests.push({ form, headers: new Headers(init?.headers), url: String(url) });
    return answer(form, requests.length);
  });
  return { requests, fetch };
}

const granted = (/** @type {number} */ n, seconds = 600) =>
  Response.json({ access_token: `a${n}`, refresh_token: `r${n}`, expires_in: seconds, sub: 'guest', conference_id: 'c1' });
const refused = () => Response.json({ error: 'invalid_grant', error_description: 'no' }, { status: 400 });

/** @param {ReturnType<typeof endpoint>} server @param {Clock} clock */
const source = (server, clock) => new TokenSource({ base: 'http://h', ticket: 'nwi-ssh', browserKey: 'key', fetch: server.fetch, clock });

test('the ticket is redeemed as the contract says, once for all who ask', async () => {
  const server = endpoint((_, n) => granted(n));
  const tokens = source(server, new Clock());
  assert.deepEqual(await Promise.all([tokens.token(), tokens.token(), tokens.holder()]), ['a1', 'a1', { userId: 'guest', conferenceId: 'c1' }]);
  assert.equal(server.requests.length, 1);
  const [request] = server.requests;
  assert.equal(request?.url, 'http://h/security/oauth/token');
  assert.equal(request?.headers.get('authorization'), `Basic ${btoa('customer:')}`);
  assert.deepEqual(Object.fromEntries(request?.form ?? []), { grant_type: 'password', username: 'nwi-ssh', password: 'key' });
});

test('a token is renewed 40 s before its end, and its holder told', async () => {
  const clock = new Clock();
  const server = endpoint((_, n) => granted(n));
  const tokens = source(server, clock);
  let renewed = 0;
  tokens.addEventListener('renewed', () => renewed++);
  await tokens.token();
  await clock.advance(559_999);
  assert.equal(server.requests.length, 1);
  await clock.advance(1);
  assert.equal(server.requests.length, 2);
  assert.deepEqual(Object.fromEntries(server.requests[1]?.form ?? []), { grant_type: 'refresh_token', refresh_token: 'r1' });
  assert.equal(await tokens.token(), 'a2');
  assert.equal(renewed, 1);
  assert.equal(server.requests.length, 2);
});

test('a token of a few seconds is renewed every three seconds at most', async () => {
  const clock = new Clock();
  const server = endpoint((_, n) => granted(n, 10));
  await source(server, clock).token();
  await clock.advance(2_999);
  assert.equal(server.requests.length, 1);
  await clock.advance(1);
  assert.equal(server.requests.length, 2);
});

test('a refused refresh falls back to the ticket', async () => {
  const clock = new Clock();
  const server = endpoint((form, n) => (form.get('grant_type') === 'refresh_token' ? refused() : granted(n)));
  const tokens = source(server, clock);
  await tokens.token();
  await clock.advance(560_000);
  assert.deepEqual(server.requests.map((r) => r.form.get('grant_type')), ['password', 'refresh_token', 'password']);
  assert.equal(await tokens.token(), 'a3');
});

test('a server out of reach is asked again, without spending the ticket', async () => {
  const clock = new Clock();
  const server = endpoint((_, n) => (n === 2 ? new Response('', { status: 503 }) : granted(n)));
  const tokens = source(server, clock);
  await tokens.token();
  await clock.advance(560_000);
  assert.equal(server.requests.length, 2);
  await clock.advance(3_000);
  assert.deepEqual(server.requests.map((r) => r.form.get('grant_type')), ['password', 'refresh_token', 'refresh_token']);
});

test('a token that the server refused is not used again', async () => {
  const server = endpoint((_, n) => granted(n));
  const tokens = source(server, new Clock());
  tokens.reject('another');
  assert.equal(await tokens.token(), 'a1');
  tokens.reject('another');
  assert.equal(await tokens.token(), 'a1');
  tokens.reject('a1');
  assert.equal(await tokens.token(), 'a2');
});

test('a refused ticket is the error itself', async () => {
  const tokens = source(endpoint(refused), new Clock());
  await assert.rejects(tokens.token(), { name: 'APIError', code: 'invalid_grant', status: 400, message: 'no' });
});

test('after close nothing is renewed', async () => {
  const clock = new Clock();
  const server = endpoint((_, n) => granted(n));
  const tokens = source(server, clock);
  await tokens.token();
  tokens.close();
  await clock.advance(600_000);
  assert.equal(server.requests.length, 1);
  assert.deepEqual(clock.timers, []);
});
