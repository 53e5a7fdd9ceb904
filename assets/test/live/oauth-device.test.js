// @ts-check
/** The device grant (RFC 8628) with a strict client that keeps the pace it is told; skipped where the server is not built. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser, Issuer, insecure, refuses } from '../../testbed/oauth.js';
import { program } from '../../testbed/server.js';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

describe('a device', { skip: program ? false : 'there is no server program', concurrency: true }, () => {
  /** @type {Issuer} */
  let issuer;
  before(async () => {
    issuer = await Issuer.start();
    await issuer.add('screen', '--public', '--grant', GRANT, '--grant', 'refresh_token', '--scope', 'openid', '--scope', 'profile', '--scope', 'any');
  });
  after(() => issuer.stop());

  const screen = (id = 'screen') => oidc.discovery(issuer.url, id, undefined, oidc.None(), insecure);

  /** A poll that waits for nothing. @param {oidc.Configuration} c @param {string} code */
  const poll = (c, code) => oidc.genericGrantRequest(c, GRANT, { device_code: code });

  /**
   * Goes to the pages, types the code, signs in and decides.
   * @param {oidc.DeviceAuthorizationResponse} asked @param {string} user @param {Record<string, string>} decision
   */
  async function decide(asked, user, decision) {
    const browser = new Browser();
    const page = await browser.open(asked.verification_uri_complete ?? '');
    assert.match(page.text, new RegExp(`value="${asked.user_code}"`));
    const form = await browser.submit(page, { user_code: asked.user_code.toLowerCase().replace('-', ' ') });
    const confirm = await browser.submit(form, { username: user, password: issuer.ready.users[user] ?? '' });
    if (!confirm.text.includes('<form')) return confirm;
    assert.match(confirm.text, new RegExp(`id="shown-code">${asked.user_code}<`));
    return browser.submit(confirm, decision);
  }

  test('waits, is slowed down, and is signed in', async () => {
    const c = await screen();
    const asked = await oidc.initiateDeviceAuthorization(c, { scope: 'openid profile any' });
    assert.match(asked.user_code, /^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
    assert.deepEqual([asked.verification_uri, asked.interval, asked.expires_in], [`${issuer.ready.url}/device`, 5, 600]);

    /** @type {{ error: string, at: number }[]} what the client's own polls were told */
    const told = [];
    c[oidc.customFetch] = async (url, options) => {
      if (url !== c.serverMetadata().token_endpoint) return fetch(url, /** @type {RequestInit} */ (options));
      // Somebody else with the same code asks first: the client's poll comes too soon.
      if (told.length === 0) await refuses(poll(await screen(), asked.device_code), 'authorization_pending');
      const answer = await fetch(url, /** @type {RequestInit} */ (options));
      told.push({ error: answer.ok ? '' : (await answer.clone().json()).error, at: performance.now() });
      if (told.length === 1) assert.equal((await decide(asked, 'agent1', { decision: 'yes' })).status, 200);
      return answer;
    };
    const tokens = await oidc.pollDeviceAuthorizationGrant(c, asked);
    assert.deepEqual(told.map((t) => t.error), ['slow_down', '']);
    assert.ok((told[1]?.at ?? 0) - (told[0]?.at ?? 0) > 9_900, 'the client did not slow down');
    assert.equal(tokens.claims()?.sub, 'agent1');
    assert.equal((await issuer.api('/rtc-api/iceServers', tokens.access_token)).status, 200);
    const info = await oidc.fetchUserInfo(c, tokens.access_token, 'agent1');
    assert.equal(info.name, 'Agent 1');

    delete c[oidc.customFetch];
    await refuses(poll(c, asked.device_code), 'invalid_grant'); // given out once
    const next = await oidc.refreshTokenGrant(c, tokens.refresh_token ?? '');
    assert.equal(next.claims()?.sub, 'agent1');
  });

  test('is denied', async () => {
    const c = await screen();
    const asked = await oidc.initiateDeviceAuthorization(c, { scope: 'openid' });
    assert.equal((await decide(asked, 'agent1', { decision: 'no' })).status, 200);
    await refuses(oidc.pollDeviceAuthorizationGrant(c, asked), 'access_denied');
    // Nobody decides twice.
    const page = await new Browser().open(asked.verification_uri);
    assert.equal((await new Browser().submit(page, { user_code: asked.user_code })).status, 403);
  });

  test('becomes a kiosk by a supervisor alone', async () => {
    const c = await screen('guichet-kiosk');
    const asked = await oidc.initiateDeviceAuthorization(c, { scope: 'openid profile any' });
    assert.equal((await decide(asked, 'agent1', { decision: 'yes', name: 'Bern 1' })).status, 403);
    assert.equal((await decide(asked, 'supervisor1', { decision: 'yes', name: 'Bern 1' })).status, 200);
    const tokens = await oidc.pollDeviceAuthorizationGrant(c, asked);
    const id = tokens.claims();
    assert.match(id?.sub ?? '', /^kiosk-/);
    assert.equal(id?.name, 'Bern 1');
    // A kiosk makes no tickets.
    const answer = await issuer.api('/security/ticket', tokens.access_token, { type: 'MULTI_USE_TICKET' });
    assert.equal(answer.status, 403);
  });

  test('asks for nothing that it may not have', async () => {
    const c = await screen();
    await refuses(oidc.initiateDeviceAuthorization(c, { scope: 'voice.webrtc' }), 'invalid_scope');
    await refuses(oidc.initiateDeviceAuthorization(await screen('guichet'), { scope: 'openid' }), 'unauthorized_client');
    await refuses(poll(c, 'nonsense'), 'invalid_grant');
    const asked = await oidc.initiateDeviceAuthorization(c, { scope: 'openid' });
    await refuses(poll(await screen('guichet-kiosk'), asked.device_code), 'invalid_grant');
    await refuses(poll(c, asked.device_code), 'authorization_pending');
    await refuses(poll(c, asked.device_code), 'slow_down');
  });
});
