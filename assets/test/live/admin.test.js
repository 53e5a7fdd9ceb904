// @ts-check
/** The settings page against the real server; skipped where that is not built. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Server, program } from '../../testbed/server.js';
import { launch } from '../../testbed/world.js';

describe('the settings page', { skip: program ? false : 'there is no server program' }, () => {
  /** @type {Server} */
  let server;
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {import('playwright-core').Page} an administrator's tab */
  let page;
  /** @type {string[]} */
  const complaints = [];

  before(async () => {
    [server, browser] = await Promise.all([Server.start(), launch()]);
    page = await visit();
    await signIn(page, 'admin1', /** @type {any} */ (server.ready).users.admin1);
    await page.waitForSelector('body[data-screen="desk"]');
  });
  after(async () => {
    await browser.close();
    await server.stop();
  });

  /** A tab that shares nothing with the others. */
  async function visit() {
    const tab = await (await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })).newPage();
    tab.setDefaultTimeout(20_000);
    tab.on('pageerror', (err) => complaints.push(String(err)));
    tab.on('console', (m) => /Content Security/.test(m.text()) && complaints.push(m.text()));
    await tab.goto(`${server.ready.url}/admin`);
    return tab;
  }

  /** @param {import('playwright-core').Page} tab @param {string} name @param {string} password */
  async function signIn(tab, name, password) {
    await tab.click('#sign-in');
    await tab.fill('#username', name);
    await tab.fill('#password', password);
    await tab.click('#sign-in');
  }

  /** Goes to a screen and waits for its rows. @param {string} screen */
  async function go(screen) {
    await page.click(`#to-${screen}`);
    await page.waitForSelector('#screen tbody tr, #screen .empty');
  }
  const press = (/** @type {string} */ name) => page.getByRole('button', { name, exact: true }).click();
  const closed = () => page.waitForSelector('dialog.drawer', { state: 'detached' });
  const open = async (/** @type {string} */ name) => {
    await page.getByRole('link', { name, exact: true }).click();
    await page.waitForSelector('dialog.drawer #edit');
  };
  /** Presses a button, says yes, and waits until that is done. @param {string} name */
  const sure = async (name) => {
    await press(name);
    await page.click('#ask-yes');
  };

  /** @param {string} id @param {string} secret */
  async function grant(id, secret) {
    const answer = await fetch(`${server.ready.url}/security/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret }),
    });
    return answer.status;
  }

  test('an application is made, used, changed, disabled and deleted', async () => {
    await go('applications');
    await page.click('#new');
    await page.fill('#name', 'Branch statistics');
    await page.fill('#id', 'branch-statistics');
    await page.check('input[value="service"]');
    await page.click('#save');
    const secret = await page.inputValue('.once input');
    assert.equal(await grant('branch-statistics', secret), 200);
    await page.click('.once button');
    await page.fill('#name', 'Branch figures');
    await page.click('#save');
    await closed();
    await open('Branch figures');
    await sure('Disable');
    await page.waitForSelector('dialog.drawer .badge.bad');
    assert.equal(await grant('branch-statistics', secret), 401);
    await press('Enable');
    await page.waitForSelector('dialog.drawer .badge.good');
    await sure('New secret');
    const renewed = await page.inputValue('.once input');
    assert.deepEqual([await grant('branch-statistics', secret), await grant('branch-statistics', renewed)], [401, 200]);
    await page.click('.once button');
    await sure('Delete');
    await closed();
    assert.equal(await grant('branch-statistics', renewed), 401);
  });

  test('what the server refuses stands beside its field', async () => {
    await go('applications');
    await page.click('#new');
    await page.fill('#name', 'Another');
    await page.fill('#id', 'guichet-admin');
    await page.click('#save');
    await page.waitForSelector('#id-problem p');
    await page.click('#cancel');
    await page.click('#ask-yes');
    await closed();
    await open('Settings of Guichet');
    assert.equal(await page.locator('#save').count(), 0);
    await page.keyboard.press('Escape');
    await closed();
  });

  test('a person is made, signs in without being an administrator, and is shut out', async () => {
    await go('people');
    await page.click('#new');
    await page.fill('#name', 'Bruno Keller');
    await page.fill('#id', 'bruno.keller');
    await page.click('#save');
    const password = await page.inputValue('.once input');
    await page.click('.once button');
    const tab = await visit();
    await signIn(tab, 'bruno.keller', password);
    await tab.waitForSelector('body[data-screen="stranger"]');
    assert.match(await tab.innerText('#notice-text'), /Bruno Keller, who is no administrator/);

    await page.check('input[value="admin"]');
    await page.click('#save');
    await closed();
    await tab.click('#sign-in');
    await tab.waitForSelector('#username');
    await tab.fill('#username', 'bruno.keller');
    await tab.fill('#password', password);
    await tab.click('#sign-in');
    await tab.waitForSelector('body[data-screen="desk"]');
    assert.equal(await tab.innerText('#who'), 'Bruno Keller');

    await open('Bruno Keller');
    await sure('Sign out everywhere');
    await page.getByText('signed out everywhere.').first().waitFor();
    await tab.click('#to-keys');
    await tab.waitForSelector('body[data-screen="signed-out"]');
    await tab.context().close();
    await sure('New password');
    await page.waitForSelector('.once');
    assert.notEqual(await page.inputValue('.once input'), password);
    await page.click('.once button');
    await sure('Disable');
    await page.waitForSelector('dialog.drawer .badge.bad');
    await sure('Delete');
    await closed();
    assert.equal(await page.getByRole('link', { name: 'Bruno Keller' }).count(), 0);
  });

  test('a provider is made, tried, changed and deleted', async () => {
    await go('providers');
    await page.click('#new');
    await page.fill('#name', 'Head office');
    await page.fill('#issuer', 'https://login.guichet.invalid');
    await page.fill('#client', 'guichet');
    await page.fill('#secret', 'hush');
    await page.click('#roles input[value="agent"]');
    await page.click('#save');
    await page.waitForSelector('#try');
    assert.match(await page.getByLabel('Redirect address to register at the provider', { exact: true }).inputValue(), new RegExp(`^${server.ready.url}/`));
    await page.click('#try');
    await page.waitForSelector('.verdict');
    assert.match(await page.innerText('.trial'), /does not work yet/);
    await page.fill('#name', 'Headquarters');
    await page.click('#save');
    await closed();
    await open('Headquarters');
    assert.match(await page.innerText('#secret-hint'), /One is stored/);
    await press('Turn on');
    await page.waitForSelector('dialog.drawer .badge.good');
    await sure('Turn off');
    await page.waitForSelector('dialog.drawer .badge.bad');
    await sure('Delete');
    await closed();
    await page.waitForSelector('#screen .empty');
  });

  test('keys are rotated, and a reload stays signed in', async () => {
    await go('keys');
    const ids = () => page.locator('tbody tr td:last-child').allInnerTexts();
    const before = await ids();
    await page.click('#rotate');
    await page.waitForFunction((n) => document.querySelectorAll('tbody tr').length !== n || document.querySelector('#toast')?.textContent?.includes('rotated'), before.length);
    assert.notDeepEqual(await ids(), before);
    await page.reload();
    await page.waitForSelector('#screen tbody tr');
    const now = await ids();
    await sure('A key was stolen');
    await page.waitForFunction(() => document.querySelector('#toast')?.textContent?.includes('All keys were replaced'));
    assert.deepEqual((await ids()).filter((id) => now.includes(id)), []);
  });

  test('the audit log tells of it', async () => {
    await go('audit');
    await page.selectOption('#event', 'application');
    await page.waitForFunction(() => [...document.querySelectorAll('tbody tr')].every((r) => r.textContent?.includes('Application changed')));
    assert.match(await page.innerText('tbody'), /branch-statistics[\s\S]*admin1/);
    await page.selectOption('#event', '');
    await page.fill('#text', 'guichet');
    await page.check('#refused');
    await page.waitForFunction(() => [...document.querySelectorAll('tbody tr')].every((r) => r.querySelector('.badge.bad')));
    await page.goto(`${server.ready.url}/admin#/audit`);
    await page.reload();
    await page.waitForSelector('#screen tbody tr');
    assert.equal(await page.isVisible('#more'), (await page.locator('tbody tr').count()) === 50);
  });

  test('signing out ends it', async () => {
    await page.click('#sign-out');
    await page.waitForSelector('body[data-screen="signed-out"]');
    await page.reload();
    await page.waitForSelector('body[data-screen="signed-out"]');
    assert.deepEqual(complaints, []);
  });
});
