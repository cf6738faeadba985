// Owns a real OpenID provider for the tests: oidc-provider with our clients, and what a test may ask of it. Knows no
// client program. Arguments: a JSON file of settings, whose keys tests/support/openid_provider.py owns, and a file to be
// made when the port is open. State dies with the process.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { jwtVerify } from 'jose';
import { errors, Provider } from 'oidc-provider';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const DISCOVERY = '/.well-known/openid-configuration';
const DAY = 86400;
const SIGNING_KEY = 'provider';

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const { issuer, clients } = settings;
const grants = new Map();
const requests = [];
let revoked = 0;

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const provider = new Provider(issuer, {
  clients: registrations(),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: SIGNING_KEY, alg: 'RS256', use: 'sig' }] },
  cookies: { keys: ['test'] },
  scopes: ['openid', 'offline_access', ...settings.scopes],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'] },
  conformIdTokenClaims: false, // the ID token itself names the mailbox, as those of Google and Microsoft do
  findAccount: (_ctx, login) => ({
    accountId: login,
    claims: () => ({ sub: login, email: login, email_verified: true, preferred_username: login }),
  }),
  extraTokenClaims: (_ctx, token) => ({ email: token.accountId ?? settings.machine_mailbox }),
  // Dovecot 2.3 refuses a header without this very "typ", RFC 9068's "at+jwt" included.
  formats: { customizers: { jwt: (_ctx, _token, jwt) => { jwt.header = { ...jwt.header, typ: 'JWT' }; } } },
  pkce: { required: () => true },
  rotateRefreshToken: () => settings.rotate_refresh_tokens,
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  clockTolerance: 5,
  ttl: {
    AccessToken: () => settings.access_token_seconds,
    ClientCredentials: () => settings.access_token_seconds,
    RefreshToken: () => settings.refresh_token_seconds,
    DeviceCode: () => settings.device_code_seconds,
    AuthorizationCode: 60,
    Grant: DAY,
    IdToken: 3600,
    Interaction: 3600,
    Session: DAY,
  },
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: { enabled: Boolean(settings.jwt_keys), ...jwtAccessTokens() },
  },
});

function registrations() {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'];
  const loopback = hosts.flatMap((host) => [`http://${host}/callback`, `http://${host}/`]);
  const person = { grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE], response_types: ['code'] };
  const desktop = { ...person, application_type: 'native', redirect_uris: loopback };
  const machine = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] };
  const open = { token_endpoint_auth_method: 'none' };
  const secret = { client_secret: settings.secret };
  const certified = {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [createPublicKey(settings.machine_certificate).export({ format: 'jwk' })] },
  };
  const all = [
    { client_id: clients.native, ...desktop, ...open },
    { client_id: clients.confidential, ...desktop, ...secret },
    { client_id: clients.machine, ...machine, ...secret },
    { client_id: clients.assertion, ...machine, ...certified },
    { client_id: clients.service, ...machine, ...open, grant_types: [JWT_BEARER] },
    { client_id: clients.introspection, ...machine, ...secret, grant_types: [] },
  ];
  if (settings.redirect_uri) {
    all.push({ client_id: clients.fixed, ...person, ...open, redirect_uris: [settings.redirect_uri] });
  }
  return all;
}

function jwtAccessTokens() {
  if (!settings.jwt_keys) return {};
  // Where Dovecot's local validation looks a key up: DIRECTORY/<azp, else "default">/<alg>/<kid>.
  const directory = `${settings.jwt_keys}/default/RS256`;
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(`${directory}/${SIGNING_KEY}`, publicKey.export({ format: 'pem', type: 'spki' }));
  return {
    defaultResource: () => 'urn:mail',
    useGrantedResource: () => true,
    getResourceServerInfo: () => ({
      scope: settings.scopes.join(' '),
      audience: 'mail',
      accessTokenTTL: settings.access_token_seconds,
      accessTokenFormat: 'jwt',
      jwt: { sign: { alg: 'RS256' } },
    }),
  };
}

// RFC 7523 2.1, as Google has it for service accounts: no client authentication, the assertion says it all.
provider.registerGrantType(JWT_BEARER, async (ctx) => {
  const { assertion } = ctx.oidc.params;
  const checks = {
    algorithms: ['RS256'],
    issuer: settings.service_email,
    audience: provider.urlFor('token'),
    requiredClaims: ['exp', 'iat', 'scope'],
  };
  const { payload } = await jwtVerify(assertion ?? '', createPublicKey(settings.service_key), checks).catch((error) => {
    throw new errors.InvalidGrant(`Invalid JWT: ${error.message}`);
  });
  const { exp, iat, scope } = payload;
  if (exp - iat > 3600) throw new errors.InvalidGrant('Invalid JWT: it lives for more than an hour');
  if (!scope.split(' ').every((word) => settings.scopes.includes(word))) {
    throw new errors.UnauthorizedClient('not delegated for this scope');
  }
  const { client } = ctx.oidc;
  const accountId = payload.sub ?? payload.iss;
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  grant.addOIDCScope(scope);
  const token = new provider.AccessToken({ accountId, client, grantId: await grant.save(), scope, gty: JWT_BEARER });
  ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration, scope };
}, ['assertion', 'scope']);

provider.on('grant.saved', (grant) => grants.set(grant.jti, grant.accountId));
provider.on('grant.revoked', () => { revoked += 1; });
provider.on('server_error', (_ctx, error) => process.stderr.write(`${error.stack}\n`));

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function authenticationOf(ctx, parameters) {
  if (ctx.get('authorization')) return 'client_secret_basic';
  if (parameters.has('client_assertion')) return 'private_key_jwt';
  return parameters.has('client_secret') ? 'client_secret_post' : 'none';
}

function clientOf(ctx, parameters) {
  const [, encoded] = ctx.get('authorization').split(' ');
  if (!encoded) return parameters.get('client_id');
  return decodeURIComponent(Buffer.from(encoded, 'base64').toString().split(':')[0]);
}

provider.use(async function logTokenRequests(ctx, next) {
  if (ctx.path !== '/token' || ctx.method !== 'POST') return next();
  const parameters = new URLSearchParams(await bodyOf(ctx.req));
  const entry = {
    time: Date.now() / 1000,
    grant_type: parameters.get('grant_type') ?? '',
    client_id: clientOf(ctx, parameters) ?? '',
    client_authentication: authenticationOf(ctx, parameters),
    parameters: [...parameters.keys()],
    scope: parameters.get('scope') ?? '',
    status: 0,
    error: '',
  };
  requests.push(entry);
  if (entry.grant_type === JWT_BEARER && !parameters.has('client_id')) parameters.set('client_id', clients.service);
  ctx.req.body = parameters.toString();
  if (settings.token_delay_seconds) await pause(settings.token_delay_seconds * 1000);
  await next();
  entry.status = ctx.status;
  entry.error = ctx.body?.error ?? '';
});

provider.use(async function adjust(ctx, next) {
  await next();
  if (!settings.advertise_iss) {
    if (ctx.path === DISCOVERY) delete ctx.body.authorization_response_iss_parameter_supported;
    const location = URL.parse(ctx.response.get('location'));
    if (location?.searchParams.has('iss')) {
      location.searchParams.delete('iss');
      ctx.set('location', location.href);
    }
  }
  const interval = settings.device_interval_seconds;
  if (ctx.body?.device_code && interval !== null) ctx.body.interval = interval;
});

async function revokeAccount(login) {
  const mine = [...grants].filter(([, account]) => account === login).map(([id]) => id);
  for (const id of mine) {
    for (const model of [provider.AccessToken, provider.RefreshToken]) await model.revokeByGrantId(id);
    await (await provider.Grant.find(id))?.destroy();
    grants.delete(id);
  }
  return mine.length;
}

const controls = {
  log: async () => ({ requests, revoked }),
  set: async (changes) => { Object.assign(settings, changes); return {}; },
  'revoke-account': async ({ login }) => ({ grants: await revokeAccount(login) }),
};

const answer = provider.callback();
const listener = async (request, response) => {
  const control = request.url.startsWith('/_test/') && controls[request.url.slice('/_test/'.length)];
  if (!control) return answer(request, response);
  const result = await control(JSON.parse((await bodyOf(request)) || '{}'));
  return response.setHeader('content-type', 'application/json').end(JSON.stringify(result));
};
const { tls } = settings;
const server = tls
  ? https.createServer({ cert: fs.readFileSync(tls.certificate), key: fs.readFileSync(tls.key) }, listener)
  : http.createServer(listener);
server.listen(settings.port, '127.0.0.1', () => fs.writeFileSync(process.argv[3], ''));
process.on('SIGTERM', () => process.exit(0));
