// @ts-check
/** The sign-in and device pages of the real server: seen, read out and used by keyboard. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cutOff, violations } from '../../testbed/checks.js';
import { Server, program } from '../../testbed/server.js';
import { launch } from '../../testbed/world.js';

describe('signing in', { skip: program ? false : 'there is no server program' }, () => {
  /** @type {Server} */
  let server;
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {import('playwright-core').Page} */
  let page;
  /** @type {string[]} */
  let complaints;
  before(async () => {
    [server, browser] = await Promise.all([Server.start(), launch()]);
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    page = await context.newPage();
    complaints = [];
    page.on('pageerror', (err) => complaints.push(String(err)));
    page.on('console', (m) => /Content Security|Refused/.test(m.text()) && complaints.push(m.text()));
  });
  after(async () => {
    await browser.close();
    await server.stop();
  });

  const users = () => /** @type {any} */ (server.ready).users;
  const authorize = (client = 'guichet') => `${server.ready.url}/security/oauth/authorize?` + new URLSearchParams({
    response_type: 'code', client_id: client, redirect_uri: 'http://127.0.0.1:9/callback', scope: 'openid any', state: 's',
    code_challenge: 'a'.repeat(43), code_challenge_method: 'S256',
  });

  /** The page as it is now, in every form that people have it. */
  async function passes(/** @type {string} */ what) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(page, colorScheme === 'dark'), [], `${what}, ${colorScheme}`);
    }
    await page.setViewportSize({ width: 320, height: 640 });
    assert.deepEqual(await cutOff(page), [], `${what}, 320 px`);
    await page.evaluate(() => { document.documentElement.style.setProperty('font-size', '200%'); });
    assert.deepEqual(await cutOff(page), [], `${what}, 320 px and text of twice the size`);
    await page.setViewportSize({ width: 1024, height: 768 });
    await page.evaluate(() => { document.documentElement.style.removeProperty('font-size'); });
  }

  test('the sign-in page, with a wrong password and with a provider', async () => {
    await page.goto(authorize());
    await passes('sign-in');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'username');
    await page.keyboard.type('agent1');
    await page.keyboard.press('Tab');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    assert.equal(await page.inputValue('#username'), 'agent1');
    await passes('wrong password');
  });

  test('an error page', async () => {
    await page.goto(authorize('nobody'));
    await page.waitForSelector('[role=alert]');
    await passes('error');
  });

  test('a kiosk is signed in by keyboard', async () => {
    const device = await (await fetch(`${server.ready.url}/security/oauth/device`, { method: 'POST', body: new URLSearchParams({ client_id: 'guichet-kiosk' }) })).json();
    await page.goto(device.verification_uri);
    await passes('code');
    await page.keyboard.type('bcdf ghjk');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    await passes('wrong code');
    await page.fill('#user-code', device.user_code.toLowerCase());
    await page.keyboard.press('Enter');
    await page.waitForSelector('#username');
    await page.keyboard.type('supervisor1');
    await page.keyboard.press('Tab');
    await page.keyboard.type(users().supervisor1);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#kiosk-name');
    assert.equal(await page.textContent('#shown-code'), device.user_code);
    await passes('confirmation');
    await page.focus('#kiosk-name');
    await page.keyboard.type('Branch 12, left');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.title === 'The device is signed in');
    await passes('done');
    const token = await (await fetch(`${server.ready.url}/security/oauth/token`, { method: 'POST', body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: 'guichet-kiosk', device_code: device.device_code }) })).json();
    assert.equal(token.scope, 'any openid profile');
    const claims = JSON.parse(Buffer.from(token.access_token.split('.')[1], 'base64url').toString());
    assert.equal(claims.name, 'Branch 12, left');
    assert.deepEqual(claims.authorities, ['ROLE_KIOSK']);
  });

  test('signed out', async () => {
    await page.goto(`${server.ready.url}/security/oauth/end-session`);
    await passes('signed out');
    assert.deepEqual(complaints, []);
  });
});
