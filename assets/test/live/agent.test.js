// @ts-check
/** The agent's link of POST /security/genesys/room: signs in and joins in the browser. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Server, program } from '../../testbed/server.js';
import { launch } from '../../testbed/world.js';

describe('an agent\'s link', { skip: program ? false : 'there is no server program' }, () => {
  /** @type {Server} */
  let server;
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {string[]} */
  const complaints = [];
  before(async () => {
    [server, browser] = await Promise.all([Server.start(), launch()]);
  });
  after(async () => {
    await browser.close();
    await server.stop();
  });

  /** @param {string} url */
  async function visit(url) {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (err) => complaints.push(String(err)));
    page.on('console', (m) => /Content Security/.test(m.text()) && complaints.push(m.text()));
    await page.goto(url);
    return page;
  }

  test('leads through the sign-in into the customer\'s call, also after a reload', async () => {
    const { ticketUrl, agentUrl } = await server.call('/security/genesys/room', { applicationId: 'widget' });
    const [anna, maria] = await Promise.all([visit(agentUrl), visit(ticketUrl)]);
    await anna.fill('#username', 'agent1');
    await anna.fill('#password', /** @type {any} */ (server.ready).users.agent1);
    await anna.click('#sign-in');
    await anna.waitForSelector('body[data-screen="invite"]');
    assert.equal(await anna.textContent('#invite-title'), 'Join the call');
    assert.doesNotMatch(anna.url(), /code=|state=/);
    await anna.click('#ask');
    await anna.fill('#name', 'Anna');
    await anna.click('#join');
    await maria.click('#ask');
    await maria.fill('#name', 'Maria');
    await maria.click('#join');
    await Promise.all([anna, maria].map((page) => page.waitForSelector('.tile[data-video="on"]')));
    await maria.click('#people');
    await maria.waitForFunction(() => document.querySelector('.people li:nth-child(2)')?.textContent?.includes('Agent'));
    await anna.click('#chat');
    await anna.fill('#write', 'Good morning');
    await anna.press('#write', 'Enter');
    await maria.waitForSelector('#note:not([hidden])');
    await anna.reload();
    await anna.waitForSelector('body[data-screen="invite"]');
    await anna.click('#ask');
    await anna.click('#join');
    await anna.waitForSelector('.tile[data-video="on"]');
    await anna.click('#chat');
    await anna.waitForSelector('#messages li.own');
    for (const page of [anna, maria]) await page.context().close();
    assert.deepEqual(complaints, []);
  });

  test('without a conference says so', async () => {
    const page = await visit(`${server.ready.url}/a`);
    await page.waitForSelector('body[data-screen="failed"]');
    assert.match((await page.textContent('#notice-text')) ?? '', /names no call/);
    await page.context().close();
  });
});
