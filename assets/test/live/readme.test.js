// @ts-check
/** The page of README.md, "Use the library", as it stands there, from an origin of its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Server, program } from '../../testbed/server.js';
import { launch } from '../../testbed/world.js';

describe('the example', { skip: program ? false : 'there is no server program' }, () => {
  /** @type {Server} */
  let server;
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {import('node:http').Server} */
  let host;
  let example = '';
  before(async () => {
    [server, browser] = await Promise.all([Server.start(), launch()]);
    const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
    const page = /## Use the library[^]*?```html\n([^]*?)```/.exec(readme)?.[1] ?? '';
    assert.match(page, /https:\/\/calls\.example\.org/);
    host = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(page.replaceAll('https://calls.example.org', server.ready.url)));
    await once(host.listen(0, '127.0.0.1'), 'listening');
    example = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (host.address()).port}/`;
  });
  after(async () => {
    host.close();
    await browser.close();
    await server.stop();
  });

  test('joins the call of a link, shows who is there and chats', async () => {
    const { url } = await server.ticket(await server.conference());
    /** @type {string[]} */
    const complaints = [];
    const visit = async (/** @type {string} */ address) => {
      const page = await (await browser.newContext()).newPage();
      page.setDefaultTimeout(30_000);
      page.on('pageerror', (err) => complaints.push(String(err)));
      page.on('console', (m) => m.type() === 'error' && !/favicon/.test(m.location().url) && complaints.push(m.text()));
      await page.goto(address);
      return page;
    };
    const [maria, ann] = await Promise.all([visit(`${example}?ticket=${encodeURIComponent(url)}`), visit(url)]);
    await ann.click('#ask');
    await ann.fill('#name', 'Ann');
    await ann.click('#join');
    await ann.waitForSelector('.tile[data-video="on"]');
    await maria.waitForFunction(() => (/** @type {HTMLVideoElement | null} */ (document.querySelector('#people video'))?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 5);
    await ann.click('#chat');
    await maria.fill('input', 'Good morning');
    await maria.click('button');
    await ann.waitForFunction(() => document.querySelector('#messages .text')?.textContent === 'Good morning');
    await ann.fill('#write', 'Hello');
    await ann.press('#write', 'Enter');
    await maria.waitForFunction(() => [...document.querySelectorAll('#lines li')].map((l) => l.textContent).join('|') === 'Maria: Good morning|Ann: Hello');
    await maria.close();
    await ann.waitForSelector('body[data-screen="waiting"]');
    await ann.context().close();
    assert.deepEqual(complaints, []);
  });
});
