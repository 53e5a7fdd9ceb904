// @ts-check
/** The token service as a strict, independent client reads it; skipped where the server is not built. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser, Issuer, breaks, challenges, insecure, refuses } from '../../testbed/oauth.js';
import { program } from '../../testbed/server.js';

const REDIRECT = 'http://127.0.0.1:4711/callback';
const SCOPE = 'openid profile any';
const CODE = ['--grant', 'authorization_code', '--grant', 'refresh_token', '--redirect', 'http://127.0.0.1/callback'];
const SIGN_IN = ['--scope', 'openid', '--scope', 'profile', '--scope', 'any'];

describe('openid-client', { skip: program ? false : 'there is no server program' }, () => {
  /** @type {Issuer} */
  let issuer;
  /** @type {Record<string, string>} by application */
  const secrets = {};

  before(async () => {
    issuer = await Issuer.start();
    secrets.pages = await issuer.add('pages', '--public', ...CODE, ...SIGN_IN);
    secrets.web = await issuer.add('web', ...CODE, ...SIGN_IN);
    secrets.robot = await issuer.add('robot', '--role', 'agent');
    secrets.gateway = await issuer.add('gateway', '--role', 'service');
  });
  after(() => issuer.stop());

  /** A client that has read the server's metadata. @param {string} id @param {oidc.ClientAuth} auth */
  const client = (id, auth) => oidc.discovery(issuer.url, id, undefined, auth, insecure);
  const basic = (/** @type {string} */ id) => client(id, oidc.ClientSecretBasic(secrets[id]));
  const post = (/** @type {string} */ id) => client(id, oidc.ClientSecretPost(secrets[id]));
  const open = (/** @type {string} */ id) => client(id, oidc.None());

  /**
   * Asks for a code in a browser of its own.
   * @param {oidc.Configuration} config @param {Record<string, string>} [more] @param {string} [user]
   */
  async function code(config, more = {}, user = 'agent1') {
    const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true };
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT, scope: SCOPE, state: checks.expectedState, nonce: checks.expectedNonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256', ...more,
    });
    return { back: await new Browser().signIn(url, user, issuer.ready.users[user] ?? ''), checks };
  }

  /** Signs agent1 in. @param {oidc.Configuration} config */
  async function signIn(config) {
    const { back, checks } = await code(config);
    const tokens = await oidc.authorizationCodeGrant(config, back, checks);
    assert.ok(tokens.refresh_token && tokens.id_token);
    return { ...tokens, refresh_token: tokens.refresh_token, id_token: tokens.id_token, claims: tokens.claims() };
  }

  /** Whether the API takes a token. @param {string} token */
  const works = async (token) => (await issuer.api('/rtc-api/iceServers', token)).status;

  test('both well-known paths tell the same', async () => {
    const [a, b] = await Promise.all(['openid-configuration', 'oauth-authorization-server'].map(async (name) => {
      const answer = await fetch(new URL(`/.well-known/${name}`, issuer.url));
      assert.equal(answer.headers.get('Content-Type'), 'application/json');
      return answer.json();
    }));
    assert.deepEqual(a, b);
    const oauth = await oidc.discovery(issuer.url, 'pages', undefined, oidc.None(), { ...insecure, algorithm: 'oauth2' });
    const found = (await open('pages')).serverMetadata();
    assert.deepEqual({ ...oauth.serverMetadata() }, { ...found });
    assert.equal(found.issuer, issuer.ready.url);
    assert.equal(found.supportsPKCE(), true);
  });

  for (const [name, config] of /** @type {[string, () => Promise<oidc.Configuration>][]} */ ([
    ['a public client', () => open('pages')], ['a confidential one with Basic', () => basic('web')], ['a confidential one with its secret in the body', () => post('web')],
  ])) {
    test(`code, id token and userinfo of ${name}`, async () => {
      const c = await config();
      const tokens = await signIn(c);
      const id = tokens.claims;
      assert.ok(id);
      const half = createHash('sha256').update(tokens.access_token).digest().subarray(0, 16).toString('base64url');
      assert.deepEqual([id.iss, id.aud, id.sub, id.at_hash, id.name], [issuer.ready.url, c.clientMetadata().client_id, 'agent1', half, 'Agent 1']);
      assert.deepEqual([tokens.token_type, tokens.expires_in, tokens.scope], ['bearer', 600, SCOPE]);
      assert.equal(await works(tokens.access_token), 200);

      const info = await oidc.fetchUserInfo(c, tokens.access_token, id.sub);
      assert.deepEqual({ ...info }, { sub: 'agent1', name: 'Agent 1', preferred_username: 'agent1' });
      await breaks(oidc.fetchUserInfo(c, tokens.access_token, 'agent2'), /"sub"/);
      await challenges(oidc.fetchUserInfo(c, 'a.b.c', 'agent1'), 'bearer');
      await challenges(oidc.fetchUserInfo(c, tokens.id_token, 'agent1'), 'bearer');
    });
  }

  test('what the answer must carry, and what a code is worth', async () => {
    const c = await open('pages');
    const { back, checks } = await code(c);
    const change = (/** @type {(q: URLSearchParams) => void} */ f) => {
      const url = new URL(back);
      f(url.searchParams);
      return oidc.authorizationCodeGrant(c, url, checks);
    };
    // The client itself refuses these and sends nothing.
    await breaks(change((q) => q.delete('iss')), /iss/);
    await breaks(change((q) => q.set('iss', 'https://evil.example')), /iss/);
    await breaks(change((q) => q.set('state', 'other')), /state/);
    await refuses(change((q) => q.set('code', 'other')), 'invalid_grant');
    const first = await oidc.authorizationCodeGrant(c, back, checks);
    assert.equal(await works(first.access_token), 200);
    // A second use ends what the first gave.
    await refuses(oidc.authorizationCodeGrant(c, back, checks), 'invalid_grant');
    assert.equal(await works(first.access_token), 401);
    await refuses(oidc.refreshTokenGrant(c, first.refresh_token ?? ''), 'invalid_grant');

    const second = await code(c);
    await refuses(oidc.authorizationCodeGrant(c, second.back, { ...second.checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }), 'invalid_grant');
    const third = await code(c);
    await refuses(oidc.authorizationCodeGrant(await basic('web'), third.back, third.checks), 'invalid_grant');
    // A stranger's try does not spend it.
    await oidc.authorizationCodeGrant(c, third.back, third.checks);
    const fourth = await code(c);
    await breaks(oidc.authorizationCodeGrant(c, fourth.back, { ...fourth.checks, expectedNonce: oidc.randomNonce() }), /nonce/);
  });

  test('an authorization request is refused in the answer', async () => {
    const c = await open('pages');
    const challenge = { code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()), code_challenge_method: 'S256' };
    for (const [error, parameters] of /** @type {[string, Record<string, string>][]} */ ([
      ['login_required', { ...challenge, prompt: 'none' }], ['invalid_scope', { ...challenge, scope: 'openid voice.webrtc' }], ['invalid_request', {}],
      ['invalid_request', { ...challenge, code_challenge_method: 'plain' }], ['unsupported_response_type', { ...challenge, response_type: 'token' }],
    ])) {
      const url = oidc.buildAuthorizationUrl(c, { redirect_uri: REDIRECT, scope: 'openid', state: 's', ...parameters });
      const answer = await new Browser().open(url);
      assert.equal(answer.status, 303, answer.text);
      await assert.rejects(oidc.authorizationCodeGrant(c, new URL(answer.location), { expectedState: 's' }), (err) => {
        assert.ok(err instanceof oidc.AuthorizationResponseError, String(err));
        assert.equal(err.error, error);
        return true;
      });
    }
    const elsewhere = oidc.buildAuthorizationUrl(c, { redirect_uri: 'http://127.0.0.1:4711/other', scope: 'openid', ...challenge });
    assert.equal((await new Browser().open(elsewhere)).status, 400);
  });

  test('refreshing rotates, narrows, and an old token ends the family', async () => {
    const c = await open('pages');
    const first = await signIn(c);
    const second = await oidc.refreshTokenGrant(c, first.refresh_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.deepEqual([second.scope, second.claims()?.sub], [SCOPE, 'agent1']);
    assert.equal(await works(first.access_token), 200);

    const narrow = await oidc.refreshTokenGrant(c, second.refresh_token ?? '', { scope: 'conferences:read' });
    assert.equal(narrow.scope, 'conferences:read');
    assert.equal(narrow.id_token, undefined);
    assert.equal(await works(narrow.access_token), 403);
    await refuses(oidc.refreshTokenGrant(c, narrow.refresh_token ?? '', { scope: 'applications:admin voice.webrtc' }), 'invalid_scope');
    const whole = await oidc.refreshTokenGrant(c, narrow.refresh_token ?? '');
    assert.equal(whole.scope, SCOPE);

    await refuses(oidc.refreshTokenGrant(c, first.refresh_token), 'invalid_grant');
    await refuses(oidc.refreshTokenGrant(c, whole.refresh_token ?? ''), 'invalid_grant');
    for (const t of [first, second, narrow, whole]) assert.equal(await works(t.access_token), 401);

    const other = await signIn(c);
    await refuses(oidc.refreshTokenGrant(await basic('web'), other.refresh_token), 'invalid_grant');
    await oidc.refreshTokenGrant(c, other.refresh_token);
  });

  test('client credentials, Basic and in the body', async () => {
    for (const c of [await basic('robot'), await post('robot')]) {
      const t = await oidc.clientCredentialsGrant(c);
      assert.deepEqual([t.token_type, t.expires_in, t.scope, t.refresh_token, t.id_token], ['bearer', 600, 'any', undefined, undefined]);
      assert.equal(await works(t.access_token), 200);
      assert.equal((await oidc.clientCredentialsGrant(c, { scope: 'tickets:read' })).scope, 'tickets:read');
      await refuses(oidc.clientCredentialsGrant(c, { scope: 'nonsense' }), 'invalid_scope');
    }
    await challenges(oidc.clientCredentialsGrant(await client('robot', oidc.ClientSecretBasic('wrong'))));
    await challenges(oidc.clientCredentialsGrant(await client('robot', oidc.ClientSecretPost('wrong'))));
    await challenges(oidc.clientCredentialsGrant(await client('nobody', oidc.ClientSecretBasic('wrong'))));
    await refuses(oidc.clientCredentialsGrant(await open('pages')), 'unauthorized_client');
    await refuses(oidc.genericGrantRequest(await basic('robot'), 'urn:example:grant', {}), 'unsupported_grant_type');
    await challenges(oidc.fetchProtectedResource(await basic('robot'), 'a.b.c', new URL('/rtc-api/iceServers', issuer.url), 'GET'), 'bearer');
  });

  test('introspection tells the owner and a service, nobody else', async () => {
    const [web, robot, gateway] = [await basic('web'), await post('robot'), await basic('gateway')];
    const t = await signIn(web);
    for (const c of [web, gateway]) {
      const access = await oidc.tokenIntrospection(c, t.access_token);
      assert.deepEqual([access.active, access.sub, access.client_id, access.scope, access.iss, access.token_type], [true, 'agent1', 'web', SCOPE, issuer.ready.url, 'Bearer']);
      assert.ok(access.exp && access.iat && access.jti);
      const refresh = await oidc.tokenIntrospection(c, t.refresh_token, { token_type_hint: 'refresh_token' });
      assert.deepEqual([refresh.active, refresh.sub, refresh.client_id, refresh.scope], [true, 'agent1', 'web', SCOPE]);
    }
    for (const token of [t.access_token, t.refresh_token]) assert.deepEqual({ ...await oidc.tokenIntrospection(robot, token) }, { active: false });
    for (const token of ['nonsense', t.id_token]) assert.deepEqual({ ...await oidc.tokenIntrospection(web, token) }, { active: false });
    await challenges(oidc.tokenIntrospection(await open('pages'), t.access_token));
    await challenges(oidc.tokenIntrospection(await client('web', oidc.ClientSecretBasic('wrong')), t.access_token));
  });

  test('revocation ends an access token, or a session', async () => {
    const [web, robot] = [await basic('web'), await basic('robot')];
    const t = await signIn(web);
    const active = async (/** @type {string} */ token) => (await oidc.tokenIntrospection(web, token)).active;
    await oidc.tokenRevocation(robot, t.access_token);
    await oidc.tokenRevocation(robot, t.refresh_token);
    await oidc.tokenRevocation(web, 'nonsense');
    assert.deepEqual([await active(t.access_token), await active(t.refresh_token), await works(t.access_token)], [true, true, 200]);

    await oidc.tokenRevocation(web, t.access_token);
    assert.deepEqual([await active(t.access_token), await active(t.refresh_token), await works(t.access_token)], [false, true, 401]);
    const next = await oidc.refreshTokenGrant(web, t.refresh_token);
    assert.equal(await works(next.access_token), 200);

    await oidc.tokenRevocation(web, next.refresh_token ?? '', { token_type_hint: 'refresh_token' });
    assert.deepEqual([await active(next.access_token), await active(next.refresh_token ?? ''), await works(next.access_token)], [false, false, 401]);
    await refuses(oidc.refreshTokenGrant(web, next.refresh_token ?? ''), 'invalid_grant');
    await challenges(oidc.tokenRevocation(await client('web', oidc.ClientSecretBasic('wrong')), t.access_token));
  });

  test('ending the session leads back to an address of the application', async () => {
    const admin = await open('guichet-admin');
    const settings = await code(admin, { redirect_uri: `${issuer.ready.url}/admin`, scope: 'openid any' }, 'admin1');
    const by = await oidc.authorizationCodeGrant(admin, settings.back, settings.checks);
    const made = await issuer.api('/api/admin/applications', by.access_token, {
      id: 'desk', public: true, scopes: SCOPE.split(' '), redirectUris: [REDIRECT], postLogoutRedirectUris: ['https://desk.example/bye'],
    });
    assert.equal(made.status, 201, await made.text());

    const c = await open('desk');
    const t = await signIn(c);
    const browser = new Browser();
    const leave = (/** @type {Record<string, string>} */ parameters) => browser.open(oidc.buildEndSessionUrl(c, parameters));
    assert.equal((await leave({ id_token_hint: t.id_token, post_logout_redirect_uri: 'https://evil.example/' })).status, 400);
    assert.equal((await leave({ id_token_hint: t.id_token, client_id: 'web' })).status, 400);
    const unhinted = await leave({ post_logout_redirect_uri: 'https://desk.example/bye' });
    assert.deepEqual([unhinted.status, unhinted.location], [200, '']);
    assert.equal(await works(t.access_token), 200);

    const back = await leave({ id_token_hint: t.id_token, post_logout_redirect_uri: 'https://desk.example/bye', state: 's 1' });
    assert.deepEqual([back.status, back.location], [303, 'https://desk.example/bye?state=s+1']);
    assert.equal(await works(t.access_token), 401);
    await refuses(oidc.refreshTokenGrant(c, t.refresh_token), 'invalid_grant');
  });
});
