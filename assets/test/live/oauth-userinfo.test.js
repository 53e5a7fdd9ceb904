// @ts-check
/** What userinfo and the authorization endpoint owe to OpenID Connect and RFC 6750. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser, Issuer, insecure } from '../../testbed/oauth.js';
import { program } from '../../testbed/server.js';

describe('protected resources', { skip: program ? false : 'there is no server program' }, () => {
  /** @type {Issuer} */ let issuer;
  /** @type {string} */ let narrow;
  /** @type {string} */ let whole;
  before(async () => {
    issuer = await Issuer.start();
    const c = await oidc.discovery(issuer.url, 'guichet', undefined, oidc.None(), insecure);
    const sign = async (/** @type {string} */ scope) => {
      const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
      const url = oidc.buildAuthorizationUrl(c, { redirect_uri: 'http://127.0.0.1:4711/callback', scope, code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256' });
      return (await oidc.authorizationCodeGrant(c, await new Browser().signIn(url, 'agent1', issuer.ready.users.agent1 ?? ''), { pkceCodeVerifier })).access_token;
    };
    [whole, narrow] = [await sign('openid any'), await sign('conferences:read')];
  });
  after(() => issuer.stop());
  const ask = (/** @type {string} */ token, method = 'GET') => fetch(new URL('/security/oauth/userinfo', issuer.url), { method, headers: token ? { Authorization: `Bearer ${token}` } : {} });

  test('userinfo names invalid_token (RFC 6750, section 3.1)', async () => {
    const a = await ask('a.b.c');
    assert.match(a.headers.get('WWW-Authenticate') ?? '', /error="invalid_token"/);
  });
  test('userinfo names no error where there is no token (RFC 6750, section 3.1)', async () => {
    const a = await ask('');
    assert.equal(a.status, 401, await a.text());
    assert.equal(a.headers.get('WWW-Authenticate'), 'Bearer realm="guichet"');
  });
  test('userinfo challenges a token without openid (RFC 6750, section 3)', async () => {
    const a = await ask(narrow);
    assert.equal(a.status, 403);
    assert.match(a.headers.get('WWW-Authenticate') ?? '', /error="insufficient_scope".*scope="openid"/);
  });
  test('userinfo takes POST (OpenID Connect Core, section 5.3)', async () => {
    assert.equal((await ask(whole, 'POST')).status, 200);
  });
  test('the authorization endpoint takes POST (OpenID Connect Core, section 3.1.2.1)', async () => {
    const a = await fetch(new URL('/security/oauth/authorize', issuer.url), { method: 'POST', redirect: 'manual', body: new URLSearchParams({
      client_id: 'guichet', redirect_uri: 'http://127.0.0.1:4711/callback', response_type: 'code', scope: 'openid', code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }) });
    assert.equal(a.status, 200);
  });
});
