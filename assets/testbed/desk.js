// @ts-check
/** A browser in which the settings page is open, and the played office behind it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Office } from './office.js';
import { ORIGIN } from './world.js';

/** The page's own module graph, named so that the type check reads all of it. @typedef {typeof import('../admin/main.js')} Page */

const root = new URL('../', import.meta.url);
/** As platform/page sends it. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; " +
  "connect-src 'self' wss://guichet.test; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** @type {Record<string, string>} */
const kinds = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml' };

/** @param {string} verifier */
const challengeOf = (verifier) => createHash('sha256').update(verifier).digest('base64url');

/** Desk is one tab on the settings page. */
export class Desk {
  office = new Office();
  /** Whether requests get any answer. */
  online = true;
  /** @type {Promise<void> | null} answers of the API wait for it */
  held = null;
  /** @type {(answer: URLSearchParams) => void} changes what the sign-in page answers */
  answered = () => undefined;
  /** @type {string[]} what the page complained of in its console */
  complaints = [];
  /** @type {URLSearchParams[]} bodies of the token and revocation endpoints */
  forms = [];
  /** @type {import('playwright-core').Page} */
  page = /** @type {any} */ (undefined);
  /** @type {import('playwright-core').BrowserContext} */
  context = /** @type {any} */ (undefined);

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {import('playwright-core').BrowserContextOptions & { init?: string }} [options]
   */
  static async open(browser, { init = '', ...options } = {}) {
    const desk = new Desk();
    const context = await browser.newContext({ serviceWorkers: 'block', permissions: ['clipboard-read', 'clipboard-write'], timezoneId: 'Europe/Zurich', locale: 'en-GB', ...options });
    if (init) await context.addInitScript(init);
    await context.route('**/*', (route) => desk.#answer(route));
    desk.context = context;
    desk.page = await context.newPage();
    desk.watch(desk.page);
    return desk;
  }

  /** @param {import('playwright-core').Page} page */
  watch(page) {
    page.setDefaultTimeout(10_000);
    page.on('console', (m) => m.type() === 'error' && !/status of 4\d\d|status of 5\d\d|ERR_INTERNET_DISCONNECTED/.test(m.text()) && this.complaints.push(m.text()));
    page.on('pageerror', (err) => this.complaints.push(String(err)));
  }

  /** Opens the page as it is at first: nobody is signed in. @param {string} [hash] */
  async visit(hash = '') {
    await this.page.goto(`${ORIGIN}/admin${hash}`);
  }

  /** Opens a screen as somebody who signed in before. @param {string} [hash] */
  async enter(hash = '') {
    const session = { refresh: this.office.session(), lock: 'tab', person: { id: 'admin1', name: 'Ada Lindqvist' } };
    await this.page.goto(`${ORIGIN}/blank`);
    await this.page.evaluate((s) => sessionStorage.setItem('guichet-admin.session', s), JSON.stringify(session));
    await this.visit(hash);
  }

  /** Waits for a part of the page. @param {string} screen */
  shows(screen) {
    return this.page.waitForSelector(`body[data-screen="${screen}"]`);
  }

  /** Holds the API's answers back until the function that it returns is called. */
  hold() {
    let go = () => undefined;
    this.held = new Promise((resolve) => { go = () => void resolve(); });
    return () => {
      this.held = null;
      go();
    };
  }

  /** @param {import('playwright-core').Route} route */
  async #answer(route) {
    const request = route.request();
    const url = new URL(request.url());
    if (url.pathname === '/admin' || url.pathname === '/admin/') return this.#file(route, 'admin/index.html');
    if (url.pathname.startsWith('/assets/')) return this.#file(route, url.pathname.slice('/assets/'.length));
    if (url.pathname === '/blank') return route.fulfill({ body: '<!doctype html><title>Blank</title>', contentType: 'text/html' });
    if (url.pathname === '/favicon.ico') return route.fulfill({ status: 404 });
    if (!this.online) return route.abort('internetdisconnected');
    if (url.pathname === '/security/oauth/authorize') return this.#authorize(route, url.searchParams);
    if (url.pathname === '/security/oauth/token' || url.pathname === '/security/oauth/revoke') {
      const form = new URLSearchParams(request.postData() ?? '');
      this.forms.push(form);
      const { status, body } = url.pathname.endsWith('/token') ? this.office.grant(form, challengeOf) : (this.office.expel(), { status: 200, body: undefined });
      return route.fulfill({ status, ...(body === undefined ? {} : { json: body }) });
    }
    await this.held;
    const token = (request.headers().authorization ?? '').replace('Bearer ', '');
    const sent = request.postData();
    const { status, body } = this.office.answer({ method: request.method(), path: url.pathname.replace('/api/admin/', ''), query: url.searchParams, body: sent ? JSON.parse(sent) : undefined, token });
    return route.fulfill({ status, ...(body === undefined ? {} : { json: body }) });
  }

  /** The sign-in page, where somebody signs in at once. @param {import('playwright-core').Route} route @param {URLSearchParams} asked */
  #authorize(route, asked) {
    const code = `code-${this.office.codes.size}-${Math.random()}`;
    this.office.codes.set(code, { challenge: asked.get('code_challenge') ?? '', nonce: asked.get('nonce') ?? '' });
    const answer = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: ORIGIN });
    this.answered(answer);
    return route.fulfill({ status: 303, headers: { Location: `${asked.get('redirect_uri')}?${answer}` } });
  }

  /** @param {import('playwright-core').Route} route @param {string} name */
  #file(route, name) {
    const kind = kinds[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    return route.fulfill({ headers: { 'Content-Type': kind, 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff' }, body: readFileSync(new URL(name, root)) });
  }
}
