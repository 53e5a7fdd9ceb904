// @ts-check
/** The page about the API, with a small document and with the server's own: reading, searching, linking, copying, and no fault of access. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cutOff, violations } from '../../testbed/checks.js';
import { sharedBrowser } from '../../testbed/play.js';
import { program } from '../../testbed/server.js';
import { ORIGIN } from '../../testbed/world.js';

/** The page's own module graph, named so that the type check reads all of it. @typedef {typeof import('../../docs/main.js')} Page */

const root = new URL('../../', import.meta.url);
/** As platform/page sends it. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; " +
  "connect-src 'self' wss://guichet.test; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** @type {Record<string, string>} */
const kinds = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };

const small = {
  openapi: '3.1.1',
  info: { title: 'Things', version: '1', description: 'About things.' },
  tags: [{ name: 'Things', description: 'What there is.' }, { name: 'Files & more', description: 'What is sent.' }],
  paths: {
    '/things/{id}': {
      put: {
        tags: ['Things'], summary: 'Change a thing', operationId: 'changeThing', security: [{ bearer: ['things:write'] }, { basic: ['things:write'] }],
        parameters: [{ name: 'id', in: 'path', required: true, description: 'Of the thing', schema: { type: 'string' } }],
        requestBody: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
        responses: {
          200: { description: 'Done', content: { 'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Thing' } } } } },
          404: { $ref: '#/components/responses/not_found' },
        },
      },
      get: { tags: ['Things'], summary: 'Read a thing', operationId: 'getThing', security: [], parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }], responses: { 204: { description: 'Nothing' } } },
    },
    '/files': {
      post: {
        tags: ['Files & more'], summary: 'Send a file', operationId: 'sendFile', security: [{ basic: [] }, {}],
        requestBody: { required: true, content: { 'multipart/form-data': { schema: { $ref: '#/components/schemas/Form' } } } },
        responses: { 204: { description: 'Done' } },
      },
    },
  },
  components: {
    schemas: {
      Colour: { type: 'string', enum: ['red', 'blue'] },
      Form: { type: 'object', properties: { name: { type: 'string' }, file: { contentMediaType: 'application/octet-stream' } }, required: ['name', 'file'] },
      Problem: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] },
      Thing: {
        type: 'object',
        description: 'What there is one of.',
        properties: {
          name: { type: 'string', description: "The thing's name" },
          colour: { $ref: '#/components/schemas/Colour' },
          at: { type: 'string', format: 'date-time' },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          parts: { type: 'array', items: { $ref: '#/components/schemas/Thing' } },
        },
        required: ['name', 'colour'],
      },
    },
    responses: { not_found: { description: 'There is no such thing', content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } } } },
  },
};

const browser = sharedBrowser();

/**
 * Opens the page with a document, or with none for as many requests as said.
 * @param {unknown} told @param {{ hash?: string, failures?: number }} [options]
 */
async function open(told, { hash = '', failures = 0 } = {}) {
  const context = await browser().newContext({ serviceWorkers: 'block', permissions: ['clipboard-read', 'clipboard-write'], colorScheme: 'light', reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  /** @type {string[]} */
  const complaints = [];
  page.on('console', (m) => m.type() === 'error' && !/status of 503/.test(m.text()) && complaints.push(m.text()));
  page.on('pageerror', (err) => complaints.push(String(err)));
  await context.route('**/*', async (route) => {
    const { origin, pathname } = new URL(route.request().url());
    if (origin !== ORIGIN) {
      complaints.push(`a request to ${origin}`);
      return route.abort();
    }
    if (pathname === '/openapi.json') {
      if (failures-- > 0) return route.fulfill({ status: 503, body: '' });
      return route.fulfill({ contentType: 'application/json', body: JSON.stringify(told) });
    }
    const name = pathname === '/docs' ? 'docs/index.html' : pathname.replace('/assets/', '');
    return route.fulfill({ body: readFileSync(new URL(name, root)), contentType: kinds[name.split('.').at(-1) ?? ''], headers: { 'Content-Security-Policy': policy } });
  });
  await page.goto(`${ORIGIN}/docs${hash}`);
  return { page, complaints };
}

/** @param {import('playwright-core').Page} page */
const shown = (page) => page.waitForSelector('body[data-screen="shown"]');

test('docs: an operation tells all that is known of it', async () => {
  const { page, complaints } = await open(small);
  await shown(page);
  assert.equal(await page.textContent('#count'), '3 operations');
  await page.click('#changeThing > summary');
  await page.waitForURL('**/docs#changeThing');
  const inside = await page.innerText('#changeThing .inside');
  for (const words of ['Needs an access token, or HTTP Basic where the application may use it, with the scope things:write.', 'Of the thing', 'Request: application/json', "The thing's name", 'What there is one of.', 'one of red, blue', 'list of Thing', 'object of string', '200 Done', '404 There is no such thing · Problem']) {
    assert.ok(inside.includes(words), `${words} is not in ${inside}`);
  }
  const rows = await page.locator('#changeThing table').nth(1).locator('tbody th').allInnerTexts();
  assert.deepEqual(rows.map((r) => r.trim()), ['name required', 'colour required', 'at', 'labels', 'parts'], 'a thing in a thing is told once');
  await page.click('#sendFile > summary');
  await page.locator('#sendFile .who').waitFor();
  assert.ok((await page.innerText('#sendFile .inside')).includes('file required'));
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test('docs: the line for a shell can be copied', async () => {
  const { page } = await open(small, { hash: '#changeThing' });
  await shown(page);
  await page.locator('#changeThing .who').waitFor(); // a link opens its operation
  await page.locator('#changeThing .sample button').last().click();
  await page.waitForFunction(() => document.getElementById('status')?.textContent === 'Copied.');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
    [`curl -X PUT '${ORIGIN}/things/{id}'`, '-H "Authorization: Bearer $TOKEN"', "-H 'Content-Type: application/json'", `-d '{"name":"name","colour":"red"}'`].join(' \\\n  '));
  await page.click('#sendFile > summary');
  await page.locator('#sendFile .who').waitFor();
  assert.equal(await page.locator('#sendFile pre').last().innerText(),
    [`curl -X POST '${ORIGIN}/files'`, '-u "$CLIENT_ID:$CLIENT_SECRET"', "-F 'name=name'", "-F 'file=@file'"].join(' \\\n  '));
  await page.context().close();
});

test('docs: search leaves what has all the words', async () => {
  const { page } = await open(small);
  await shown(page);
  const visible = () => page.locator('.operation:visible').evaluateAll((list) => list.map((e) => e.id));
  await page.getByLabel('Search operations').fill('thing READ');
  assert.deepEqual(await visible(), ['getThing']);
  assert.equal(await page.textContent('#count'), '1 operation');
  assert.equal(await page.locator('#groups li:visible').count(), 1);
  await page.fill('#search', 'elephant');
  assert.deepEqual(await visible(), []);
  assert.ok(await page.locator('#none').isVisible());
  await page.fill('#search', '');
  assert.equal((await visible()).length, 3);
  await page.context().close();
});

test('docs: all of it works by keyboard', async () => {
  const { page } = await open(small);
  await shown(page);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'document');
  await page.keyboard.press('Tab'); // the document's own address
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#changeThing .who').waitFor();
  await page.context().close();
});

test('docs: without the document it says so, and tries again', async () => {
  const { page, complaints } = await open(small, { failures: 1 });
  await page.waitForSelector('body[data-screen="failed"]');
  assert.deepEqual(await violations(page), []);
  await page.click('#retry');
  await shown(page);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

/** @param {unknown} told the document */
async function looksRight(told) {
  const { page, complaints } = await open(told);
  await shown(page);
  await page.evaluate(() => { for (const d of document.querySelectorAll('details')) d.open = true; });
  await page.waitForFunction(() => [...document.querySelectorAll('.operation')].every((e) => e.querySelector('.inside')?.firstChild));
  await page.evaluate(() => { for (const d of document.querySelectorAll('.example')) /** @type {HTMLDetailsElement} */ (d).open = true; });
  assert.deepEqual(await violations(page), [], 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.deepEqual(await violations(page, true), [], 'dark');
  assert.deepEqual(await cutOff(page), [], 'wide');
  await page.setViewportSize({ width: 320, height: 640 });
  assert.deepEqual(await cutOff(page), [], '320 px');
  assert.deepEqual(await violations(page), [], '320 px');
  await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  assert.deepEqual(await cutOff(page), [], '320 px and text of twice the size');
  assert.deepEqual(complaints, []);
  await page.context().close();
}

test('docs: nothing cut off, no fault of access', () => looksRight(small));

test('docs: the same for the server’s own document', { skip: program === '' && 'the server is not built' }, async () => {
  await looksRight(JSON.parse(execFileSync(program, ['openapi'], { encoding: 'utf8', maxBuffer: 1 << 24 })));
});
