// @ts-check
/** What the tests against the real server share: a server and a browser for a file, and pages that must not complain. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe } from 'node:test';
import { Server, program } from './server.js';
import { launch } from './world.js';

/** @typedef {import('playwright-core').Page} Page */

/** Site is one server and who visits it. */
export class Site {
  /** @type {Server} */
  server = /** @type {any} */ (undefined);
  /** @type {import('playwright-core').Browser} */
  browser = /** @type {any} */ (undefined);
  /** @type {string[]} what pages complained of */
  complaints = [];

  async start() {
    [this.server, this.browser] = await Promise.all([Server.start(), launch()]);
  }

  async stop() {
    await this.browser.close();
    await this.server.stop();
  }

  /** Opens a page in a browser that shares nothing with the others, unless it is given. @param {string} url @param {{ context?: import('playwright-core').BrowserContext, init?: string }} [options] */
  async visit(url, { context, init = '' } = {}) {
    const page = await (context ?? (await this.browser.newContext())).newPage();
    if (init) await page.addInitScript(init);
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (err) => this.complaints.push(String(err)));
    page.on('console', (m) => /Content Security/.test(m.text()) && this.complaints.push(m.text()));
    await page.goto(url);
    return page;
  }

  /** Opens a ticket's link and joins. @param {string} url @param {string} name @param {string} [init] */
  async enter(url, name, init) {
    const page = await this.visit(url, { init });
    await join(page, name);
    return page;
  }

  /** Closes all pages, none of which may have complained. */
  async done() {
    for (const context of this.browser.contexts()) await context.close();
    assert.deepEqual(this.complaints.splice(0), []);
  }
}

/** From the invitation into the call. @param {Page} page @param {string} name @param {string} [button] */
export async function join(page, name, button = '#join') {
  await page.click('#ask');
  await page.fill('#name', name);
  await page.click(button);
  await page.waitForSelector('body[data-screen="call"], body[data-screen="waiting"]');
}

/** Tests against one server; skipped where it is not built. @param {string} name @param {(site: Site) => void} tests */
export function live(name, tests) {
  describe(name, { skip: program ? false : 'there is no server program' }, () => {
    const site = new Site();
    before(() => site.start());
    after(() => site.stop());
    // What a test that failed has left would slow those after it.
    afterEach(() => site.done().catch(() => undefined));
    tests(site);
  });
}
