// @ts-check
/**
 * npm oidc-provider as its users run it: one process, everything in memory. What
 * `make bench` holds the token service against. Arguments: the algorithm of its
 * key, and the client's id and secret. It prints its address when it is ready.
 */
import { generateKeyPairSync } from 'node:crypto';
// @ts-expect-error: the package has no types
import Provider from 'oidc-provider';

const [algorithm = 'RS256', client_id = '', client_secret = ''] = process.argv.slice(2);
const pair = algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...pair.privateKey.export({ format: 'jwk' }), alg: algorithm, use: 'sig' };

const provider = new Provider('http://127.0.0.1', {
  jwks: { keys: [key] },
  clients: [{
    client_id, client_secret, token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: algorithm,
    grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
  }],
  enabledJWA: { idTokenSigningAlgValues: [algorithm] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    // Signed access tokens, as ours are; without this they are opaque.
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:guichet:figures',
      getResourceServerInfo: () => ({ scope: 'any', accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: algorithm } } }),
    },
  },
});
const server = provider.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address && typeof address === 'object') console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}`, token: '/token' }));
});
