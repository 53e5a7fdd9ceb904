// An organization's OpenID provider for the tests: the npm package
// oidc-provider, with one client and one account that signs in at once.
//   node provider.mjs ASSETS '{"clientId":…,"clientSecret":…,"redirectUri":…,"account":{"sub":…}}'
// Prints {"issuer":…} when it listens and ends with its standard input.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [assets, settings] = process.argv.slice(2);
const { clientId, clientSecret, redirectUri, account } = JSON.parse(settings);
const installed = createRequire(join(assets, 'package.json')).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(installed).href);

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

/** @param {string} issuer */
function provider(issuer) {
  return new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri], grant_types: ['authorization_code'], response_types: ['code'] }],
    claims: { openid: ['sub'], profile: ['name', 'groups'] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, sub) => (sub === account.sub ? { accountId: sub, claims: () => account } : undefined),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    jwks: { keys: [{ ...key, kid: 'test', use: 'sig', alg: 'RS256' }] },
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  });
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const op = provider(issuer);
  const protocol = op.callback();
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) return protocol(request, response);
    op.interactionFinished(request, response, { login: { accountId: account.sub } }).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });
  console.log(JSON.stringify({ issuer }));
});
process.stdin.resume().on('end', () => process.exit(0));
