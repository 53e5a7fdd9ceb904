// @ts-check
/** What the played office starts with; long names are among it on purpose. */

const tickets = ['tickets:read', 'tickets:write', 'rooms:read', 'rooms:write', 'recordings:write', 'video'];
const calls = ['endpoints:write', 'conferences:read', 'conferences:write'];

export const policy = {
  roles: [
    { name: 'agent', description: 'Serves customers: calls, tickets, rooms.', scopes: [...calls, ...tickets], forUsers: true },
    { name: 'supervisor', description: 'An agent who also sees recordings and reports, and enrols kiosks.', scopes: [...calls, ...tickets, 'recordings:read', 'reports:read'], forUsers: true },
    { name: 'admin', description: 'Changes these settings.', scopes: ['applications:admin'], forUsers: true },
    { name: 'kiosk', description: 'A device in a branch that calls an agent.', scopes: calls, forUsers: false },
    { name: 'service', description: 'A server of yours: all but these settings.', scopes: [...calls, ...tickets, 'recordings:read', 'reports:read'], forUsers: false },
  ],
  scopes: [
    { name: 'any', description: 'Everything that its roles permit.' },
    { name: 'tickets:read', description: 'Look at tickets.' },
    { name: 'tickets:write', description: 'Make and revoke tickets.' },
    { name: 'conferences:read', description: 'See who is in a conference.' },
    { name: 'conferences:write', description: 'Make conferences, join them, publish and view streams.' },
    { name: 'endpoints:write', description: 'Register devices and receive events.' },
    { name: 'recordings:read', description: 'Read recordings.' },
    { name: 'reports:read', description: 'Read reports.' },
    { name: 'applications:admin', description: 'Change applications, people, providers and keys.' },
    { name: 'voice.webrtc', description: 'Calls, as other clients ask for them.' },
    { name: 'openid', description: 'Learn who signs in.' },
  ],
  grants: [
    { name: 'client_credentials', description: 'A server acts in its own name.' },
    { name: 'authorization_code', description: 'People sign in with their browser.' },
    { name: 'refresh_token', description: 'Who has signed in stays so for a working day.' },
    { name: 'urn:ietf:params:oauth:grant-type:device_code', description: 'Devices without a keyboard: somebody types the code on their screen.' },
    { name: 'password', description: 'Guests redeem tickets.' },
  ],
  events: ['signin', 'token', 'reuse', 'revoked', 'device', 'key', 'application', 'secret', 'user', 'signout', 'provider', 'provider.trial'],
};

const created = '2026-03-02T08:15:30.000Z';

/** @param {object} of */
const application = (of) => ({
  name: '', public: false, roles: [], scopes: ['any'], grants: ['client_credentials'], redirectUris: null, postLogoutRedirectUris: null,
  allowBasic: false, allowQuery: false, pkceOptional: false, disabled: false, fixed: false, created, version: 1, ...of,
});

/** @param {object} of */
const user = (of) => ({ roles: ['agent'], disabled: false, fixed: false, created, version: 1, ...of });

/** A fresh office. */
export function seed() {
  return {
    applications: [
      application({ id: 'guichet', name: 'Guichet for agents', public: true, fixed: true, grants: ['authorization_code', 'refresh_token'], redirectUris: ['http://127.0.0.1/callback'], created: '0001-01-01T00:00:00.000Z' }),
      application({ id: 'crm', name: 'Kundenbeziehungsmanagementsystem', roles: ['service'], scopes: ['tickets:read', 'tickets:write'] }),
      application({ id: 'tellers-desktop', name: 'Tellers’ desktop', roles: ['agent'], grants: ['authorization_code', 'refresh_token'], public: true, redirectUris: ['https://tellers.alpine-bank.example/callback', 'http://127.0.0.1/callback'] }),
      application({ id: 'old-dialler', name: 'Old dialler', roles: ['agent'], allowBasic: true, disabled: true }),
    ],
    users: [
      user({ id: 'admin1', displayName: 'Ada Lindqvist', roles: ['agent', 'admin'], created }),
      user({ id: 'anna.meier', displayName: 'Anna Meier' }),
      user({ id: 'p.papadopoulos', displayName: 'Παναγιώτης Παπαδόπουλος-Χατζηκωνσταντίνου', roles: [], provider: 'head-office', subject: '00u1f2-9b0c', providerRoles: ['agent', 'supervisor'] }),
      user({ id: 'former.clerk', displayName: 'Former Clerk', disabled: true }),
      user({ id: 'agent1', displayName: 'Agent 1', fixed: true }),
    ],
    providers: [
      { id: 'head-office', name: 'Alpine Bank', kind: 'oidc', enabled: true, issuer: 'https://login.alpine-bank.example', clientId: 'guichet', hasSecret: true, scope: 'openid profile groups', parameters: { domain_hint: 'alpine-bank.example' }, pkce: true, roles: ['agent'], mappings: [{ claim: 'groups', value: 'team-leads', role: 'supervisor' }], redirectUri: 'https://guichet.test/sign-in/callback/head-office', created, version: 3 },
      { id: 'contact-centre', name: 'Contact centre', kind: 'genesys', enabled: false, region: 'mypurecloud.de', organizationId: '8f1d2a34-5b6c-4d7e-8f90-a1b2c3d4e5f6', clientId: '2c1b', hasSecret: true, scope: '', parameters: null, pkce: false, roles: null, mappings: null, redirectUri: 'https://guichet.test/sign-in/callback/contact-centre', created, version: 1 },
    ],
    keys: [
      { id: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', algorithm: 'RS256', state: 'next', created: '2026-11-01T00:00:00.000Z', signs: '2026-12-01T00:00:00.000Z' },
      { id: 'Zk1fQy0m8gT4vY2pL7wR5sJ9cB3nH6xD1aE0uI4oKqM', algorithm: 'RS256', state: 'signing', created: '2026-10-01T00:00:00.000Z', signs: '2026-11-01T00:00:00.000Z' },
      { id: 'a7Gh2Jk9Lm4Np6Qr8St1Uv3Wx5Yz0Bc_De-Fg7Hi9Jk', algorithm: 'RS256', state: 'retired', created: '2026-09-01T00:00:00.000Z', signs: '2026-10-01T00:00:00.000Z', removed: '2026-11-02T00:00:00.000Z' },
    ],
    log: log(),
  };
}

/** 130 lines, the newest first. */
function log() {
  const kinds = [
    { event: 'signin', subject: 'anna.meier', client: 'guichet', address: '192.0.2.18' },
    { event: 'token', subject: 'crm', client: 'crm', tokenId: '7d2f0c52-9c1e-4a57-8a1c-b6f2f6f1f6a0', address: '198.51.100.4', detail: 'client_credentials' },
    { event: 'signin', refused: true, subject: 'anna.meier', client: 'guichet', address: '203.0.113.99', detail: 'wrong name or password' },
    { event: 'application', actor: 'admin1', subject: 'tellers-desktop', address: '192.0.2.7', detail: 'changed: redirect addresses, scopes' },
    { event: 'reuse', refused: true, subject: 'p.papadopoulos', client: 'tellers-desktop', address: '203.0.113.5', detail: 'refresh token used twice; its session ended' },
  ];
  const now = Date.now();
  return Array.from({ length: 130 }, (_, i) => ({ seq: 130 - i, time: new Date(now - i * 1_800_000).toISOString(), refused: false, ...kinds[i % kinds.length] }));
}
