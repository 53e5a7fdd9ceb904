// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialsOf } from '../../customer/dom.js';
import { browserOf, help } from '../../customer/help.js';
import { wordsOf } from '../../customer/notices.js';
import { Ticket, ticketID, troubleOf } from '../../customer/ticket.js';
import { APIError } from '../../lib/rest.js';

/** A browser's storage. @param {Record<string, string>} [slots] @returns {any} */
function storage(slots = {}) {
  const map = new Map(Object.entries(slots));
  return {
    get length() { return map.size; },
    key: (/** @type {number} */ i) => [...map.keys()][i] ?? null,
    getItem: (/** @type {string} */ k) => map.get(k) ?? null,
    setItem: (/** @type {string} */ k, /** @type {string} */ v) => map.set(k, v),
    removeItem: (/** @type {string} */ k) => map.delete(k),
    map,
  };
}

const answers = (/** @type {number} */ status, /** @type {object} */ body) =>
  /** @type {typeof globalThis.fetch} */ (async () => Response.json(body, { status }));
const anna = { ticketId: 'nwi-ssh', organization: 'Alpine Bank', host: 'Anna', opensAt: null, now: null };

test('the ticket stands in the path', () => {
  for (const [path, want] of [['/t/nwi-ssh', 'nwi-ssh'], ['/t/nwi-ssh/', 'nwi-ssh'], ['/t/a%20b', 'a b'], ['/t/%ff', ''], ['/t/', ''], ['/t/a/b', ''], ['/x/nwi-ssh', '']]) {
    assert.equal(ticketID(path ?? ''), want, path);
  }
});

test("the browser's key has 128 bits, stays the same, and is another for another ticket", () => {
  const s = storage();
  const first = new Ticket('nwi-ssh', s);
  assert.match(first.browserKey, /^[0-9a-f]{32}$/);
  assert.equal(s.map.size, 0);
  first.keep();
  assert.equal(new Ticket('NWISSH', s).browserKey, first.browserKey);
  assert.notEqual(new Ticket('abc-def', s).browserKey, first.browserKey);
});

test('a storage that is broken, full or old costs nothing but the memory', () => {
  const old = JSON.stringify({ key: '0'.repeat(32), at: 0, redeemed: true, invitation: null });
  const s = storage({ 'guichet.ticket.nwissh': '{', 'guichet.ticket.old': old, 'guichet.name': 'Maria' });
  assert.match(new Ticket('nwi-ssh', s).browserKey, /^[0-9a-f]{32}$/);
  assert.deepEqual([...s.map.keys()], ['guichet.name']);
  const full = { ...storage(), length: 0, setItem() { throw new Error('full'); } };
  new Ticket('nwi-ssh', full).keep();
  assert.match(new Ticket('nwi-ssh', null).browserKey, /^[0-9a-f]{32}$/);
});

test('a ticket used up by this browser is as good as new, by another it is not', async () => {
  const s = storage();
  const used = answers(410, { code: 'gone', message: 'this link was used already' });
  await assert.rejects(new Ticket('nwi-ssh', s).invitation(used), { code: 'gone' });
  const ticket = new Ticket('nwi-ssh', s);
  assert.deepEqual(await ticket.invitation(answers(200, anna)), anna);
  ticket.redeemed();
  assert.deepEqual(await new Ticket('nwi-ssh', s).invitation(used), anna);
  await assert.rejects(new Ticket('nwi-ssh', s).invitation(answers(410, { code: 'gone', message: 'this link has expired' })), { code: 'gone' });
});

test('what is wrong with a ticket', () => {
  const gone = (/** @type {string} */ message, reason = '') => troubleOf(new APIError({ status: 410, code: 'gone', message, reason }));
  assert.equal(gone('this link has expired'), 'expired');
  assert.equal(gone('this link was withdrawn'), 'revoked');
  assert.equal(gone('this link was used already'), 'used');
  assert.equal(gone('der Link gilt nicht mehr', 'revoked'), 'revoked');
  assert.equal(troubleOf(new APIError({ status: 404, code: 'not_found' })), 'unknown');
  assert.equal(troubleOf(new APIError({ code: 'offline' })), 'failed');
  assert.equal(troubleOf(new TypeError('x')), 'failed');
});

test('every browser gets its own three steps', () => {
  const agents = {
    chrome: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    safari: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
    ios: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1',
    android: 'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
  };
  for (const [browser, agent] of Object.entries(agents)) assert.equal(browserOf(agent, browser === 'ios' ? 5 : 0), browser);
  assert.equal(browserOf(agents.safari, 5), 'ios'); // an iPad
  assert.equal(new Set(Object.values(help).map((h) => h.steps.join())).size >= 4, true);
});

test('every notice says what happened and what to do', () => {
  for (const notice of /** @type {const} */ (['ended', 'expired', 'revoked', 'used', 'elsewhere', 'unknown', 'failed', 'old'])) {
    for (const host of ['', 'Anna']) {
      const words = wordsOf(notice, host);
      for (const part of [words.title, words.text, words.next]) assert.match(part, /^[A-Z].*\S/);
      assert.doesNotMatch(words.text + words.next, /undefined|null/);
    }
  }
});

test('initials are two letters at most, of any script', () => {
  for (const [name, want] of [['Anna Meier', 'AM'], ['Anna', 'A'], ['anna.meier@x', 'AX'], ['Δώρα Παπαδοπούλου', 'ΔΠ'], ['😀 b', '😀B'], ['', '?']]) {
    assert.equal(initialsOf(name ?? ''), want);
  }
});
