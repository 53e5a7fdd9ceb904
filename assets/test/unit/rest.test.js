// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APIError, OFFLINE, Rest, request } from '../../lib/rest.js';

/** @param {(n: number, init: RequestInit) => Response | Promise<Response>} answer */
function server(answer) {
  /** @type {RequestInit[]} */
  const requests = [];
  const fetch = /** @type {typeof globalThis.fetch} */ (async (_url, init = {}) => {
    requests.push(init);
    return answer(requests.length, init);
  });
  return { requests, fetch };
}

class Tokens {
  rejected = /** @type {string[]} */ ([]);
  token = async () => `t${this.rejected.length}`;
  reject = (/** @type {string} */ token) => {
    this.rejected.push(token);
  };
}

const rest = (/** @type {ReturnType<typeof server>} */ s, tokens = new Tokens()) => new Rest({ base: 'http://h', tokens, fetch: s.fetch });

for (const [name, answer, want] of /** @type {[string, () => Response, Partial<APIError>][]} */ ([
  ['the code and the sentence', () => Response.json({ code: 'gone', message: 'this link has expired' }, { status: 410 }), { status: 410, code: 'gone', message: 'this link has expired' }],
  ['a token error', () => Response.json({ error: 'invalid_grant', error_description: 'Ticket x not found' }, { status: 400 }), { status: 400, code: 'invalid_grant', message: 'Ticket x not found' }],
  ['the status, when there is no body', () => new Response('', { status: 404 }), { status: 404, code: 'not_found' }],
  ["a proxy's page", () => new Response('<html>', { status: 502 }), { status: 502, code: 'internal' }],
  ['a list in place of an error', () => Response.json([], { status: 403 }), { status: 403, code: 'forbidden' }],
  ['success that is no JSON', () => new Response('<html>'), { status: 200, code: 'internal' }],
])) {
  test(`an error has ${name}`, async () => {
    await assert.rejects(rest(server(answer)).get('/x'), (err) => {
      assert.ok(err instanceof APIError);
      for (const [key, value] of Object.entries(want)) assert.equal(err[/** @type {keyof APIError} */ (key)], value);
      return true;
    });
  });
}

test('no network is an error of its own, and temporary', async () => {
  const s = server(() => Promise.reject(new TypeError('fetch failed')));
  await assert.rejects(rest(s).post('/x', {}), (err) => err instanceof APIError && err.code === OFFLINE && err.temporary);
});

test('a request that takes too long is given up', async () => {
  const s = server((_, { signal }) => new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))));
  await assert.rejects(request(s.fetch, 'http://h/x', {}, 1), { code: OFFLINE });
});

test('only what may pass by itself is temporary', () => {
  const temporary = (/** @type {number} */ status) => new APIError({ status, code: 'x' }).temporary;
  assert.deepEqual([400, 401, 403, 404, 409, 410].map(temporary), Array(6).fill(false));
  assert.deepEqual([429, 500, 503].map(temporary), Array(3).fill(true));
});

test('a refused token is replaced once', async () => {
  const tokens = new Tokens();
  const s = server((n) => (n === 1 ? new Response('', { status: 401 }) : Response.json({ a: 1 })));
  assert.deepEqual(await rest(s, tokens).post('/x', { b: 2 }), { a: 1 });
  assert.deepEqual(tokens.rejected, ['t0']);
  assert.deepEqual(s.requests.map((r) => new Headers(r.headers).get('authorization')), ['Bearer t0', 'Bearer t1']);
  assert.equal(s.requests[1]?.body, '{"b":2}');
});

test('a token refused twice is the error itself', async () => {
  const s = server(() => new Response('', { status: 401 }));
  await assert.rejects(rest(s).get('/x'), { code: 'unauthorized' });
  assert.equal(s.requests.length, 2);
});

test('an answer without a body is no error', async () => {
  assert.equal(await rest(server(() => new Response(null, { status: 204 }))).post('/x', {}), undefined);
});
