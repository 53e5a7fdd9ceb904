// @ts-check
/** The agent's link of POST /security/genesys/room: signs in and joins in the browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join, live } from '../../testbed/live.js';

live('an agent\'s link', (site) => {
  test('leads through the sign-in into the customer\'s call, also after a reload', async () => {
    const { ticketUrl, agentUrl } = await site.server.call('/security/genesys/room', { applicationId: 'widget' });
    const [anna, maria] = await Promise.all([site.visit(agentUrl), site.visit(ticketUrl)]);
    await anna.fill('#username', 'agent1');
    await anna.fill('#password', /** @type {any} */ (site.server.ready).users.agent1);
    await anna.click('#sign-in');
    await anna.waitForSelector('body[data-screen="invite"]');
    assert.equal(await anna.textContent('#invite-title'), 'Join the call');
    assert.doesNotMatch(anna.url(), /code=|state=/);
    await join(anna, 'Anna');
    await join(maria, 'Maria');
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
    await site.done();
  });

  test('without a conference says so', async () => {
    const page = await site.visit(`${site.server.ready.url}/a`);
    await page.waitForSelector('body[data-screen="failed"]');
    assert.match((await page.textContent('#notice-text')) ?? '', /names no call/);
    await site.done();
  });
});
