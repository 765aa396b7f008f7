/** Who is admitted by a gateway with the configuration of acehoss/mcp-gateway: Basic and Bearer, before anything else is looked at. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { basic, bytes, raw } from '../http/raw.ts';
import { tell } from './cases.ts';
import { ours, sharedGateway, startGateway, strict, type Yaml } from './gateway.ts';

const ACCOUNTS = [
  { username: 'admin', password: 'secret' },
  { username: 'zoë', password: 'pässwörd' },
  { username: 'numbers', password: '12345' },
];
const BASIC = { enabled: true, credentials: ACCOUNTS };
const BEARER = { enabled: true, tokens: ['tok-1', 'two words', 'sk-like', 'a.b.c'] };
const servers = { small: strict() };

const UNAUTHORIZED = {
  status: 401,
  body: 'Unauthorized',
  headers: { 'www-authenticate': 'Basic realm="MCP Gateway", Bearer' },
};
const ID = /^\{"sessionId":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\}$/;
const ADMITTED = { status: 200, body: ID };

/** A request for a session id with this `Authorization`. */
function offering(value: string): { readonly path: string; readonly headers: readonly string[] } {
  return { path: '/api/sessionid', headers: ['Authorization', value] };
}

function shared(config: Yaml): () => string {
  const gateway = sharedGateway({ servers, ...config });
  return () => gateway().url;
}

describe('with Basic and Bearer', () => {
  const url = shared({ auth: { basic: BASIC, bearer: BEARER }, debug: { level: 'warn' } });

  tell(
    [
      { name: 'a Basic account is admitted', request: offering(basic('admin', 'secret')), ...ADMITTED },
      { name: 'a Basic account in UTF-8 is admitted', request: offering(basic('zoë', 'pässwörd')), ...ADMITTED },
      { name: 'a bearer token is admitted', request: offering('Bearer tok-1'), ...ADMITTED },
      { name: 'a bearer token may hold spaces', request: offering('Bearer two words'), ...ADMITTED },
      {
        name: 'a bearer token may look like a key of another service',
        request: offering('Bearer sk-like'),
        ...ADMITTED,
      },
      { name: 'a bearer token may look like a JWT', request: offering('Bearer a.b.c'), ...ADMITTED },
      { name: 'a part of a token is refused', request: offering('Bearer tok'), ...UNAUTHORIZED },
      { name: 'more than a token is refused', request: offering('Bearer tok-1 more'), ...UNAUTHORIZED },
      { name: 'a wrong key is refused like all else', request: offering('Bearer sk-other'), ...UNAUTHORIZED },
      { name: 'a wrong JWT is refused like all else', request: offering('Bearer e30.e30.e30'), ...UNAUTHORIZED },
      { name: 'a wrong password is refused', request: offering(basic('admin', 'Secret')), ...UNAUTHORIZED },
      { name: "another account's password is refused", request: offering(basic('admin', '12345')), ...UNAUTHORIZED },
      { name: 'an account without a colon is refused', request: offering('Basic YWRtaW4='), ...UNAUTHORIZED },
      { name: 'what is not base64 is refused', request: offering('Basic %%%'), ...UNAUTHORIZED },
      { name: 'another scheme is refused', request: offering('Digest tok-1'), ...UNAUTHORIZED },
      { name: 'a scheme without a value is refused', request: offering('Bearer'), ...UNAUTHORIZED },
      { name: 'a token in the query is refused', request: { path: '/api/sessionid?token=tok-1' }, ...UNAUTHORIZED },
      {
        name: 'text behind a second colon counts',
        request: offering(basic('admin', 'secret:x')),
        ...UNAUTHORIZED,
        isOurs: true,
      },
    ],
    url,
  );

  const places: readonly (readonly [string, string])[] = [
    ['GET', '/small'],
    ['POST', '/small?sessionId=x'],
    ['GET', '/nowhere'],
    ['GET', '/'],
    ['GET', '/api/x'],
    ['POST', '/api/small/echo'],
    ['POST', '/api/nowhere/echo?sessionId=x'],
    ['PUT', '/small'],
    ['DELETE', '/nowhere'],
    ['OPTIONS', '/small'],
    ['PATCH', '/api/small/echo?sessionId=x'],
  ];
  tell(
    places.map(([method, path]) => ({
      name: `${method} ${path} without a credential is refused before anything else`,
      request: { method, path },
      ...UNAUTHORIZED,
    })),
    url,
  );

  test('HEAD without a credential is refused without a body', async () => {
    const { status, body, headers } = await raw(url(), { method: 'HEAD', path: '/small' });
    assert.deepEqual([status, body], [401, '']);
    assert.equal(headers['www-authenticate'], UNAUTHORIZED.headers['www-authenticate']);
  });
});

describe('Basic alone', () => {
  const credentials = [
    { username: 'admin', password: 'se:cr:et' },
    { username: 'admin', password: ':' },
  ];
  const url = shared({ auth: { basic: { enabled: true, credentials }, bearer: { ...BEARER, enabled: false } } });

  tell(
    [
      { name: 'a bearer token is refused', request: offering('Bearer tok-1'), ...UNAUTHORIZED },
      {
        name: 'passwords may hold colons',
        request: offering(basic('admin', 'se:cr:et')),
        ...ADMITTED,
        isOurs: true,
      },
      {
        name: 'a second account of the same name is admitted, too',
        request: offering(basic('admin', ':')),
        ...ADMITTED,
        isOurs: true,
      },
      { name: 'a password up to its colon is refused', request: offering(basic('admin', 'se')), ...UNAUTHORIZED },
    ],
    url,
  );
});

describe('an `auth` with nothing enabled', () => {
  for (const [what, auth] of [
    ['empty', {}],
    ['disabled', { basic: { ...BASIC, enabled: false }, bearer: { ...BEARER, enabled: false } }],
  ] as const) {
    test(`refuses everybody where it is ${what}`, async (t) => {
      const { url } = await startGateway(t, { servers, auth });
      for (const value of [undefined, basic('admin', 'secret'), 'Bearer tok-1']) {
        const answer = await raw(url, value === undefined ? { path: '/api/sessionid' } : offering(value));
        assert.deepEqual([answer.status, answer.body], [401, 'Unauthorized']);
      }
    });
  }
});

test('an `auth` that is null admits everybody', async (t) => {
  const { url } = await startGateway(t, { servers, auth: null });
  const { status, body } = await raw(url, { path: '/api/sessionid' });
  assert.equal(status, 200);
  assert.match(body, ID);
});

ours('an `auth` whose blocks lack their lists refuses everybody, and the gateway goes on', async (t) => {
  const gateway = await startGateway(t, { servers, auth: { basic: { enabled: true }, bearer: { enabled: true } } });
  for (const value of [basic('admin', 'secret'), 'Bearer tok-1', basic('', ''), 'Bearer ']) {
    const answer = await raw(gateway.url, offering(value));
    assert.deepEqual([answer.status, answer.body], [401, 'Unauthorized']);
  }
  assert.ok(gateway.isRunning());
});

ours('tokens and passwords that YAML reads as numbers match as they are written', async (t) => {
  const auth = {
    basic: { enabled: true, credentials: [{ username: 'admin', password: 12345 }] },
    bearer: { enabled: true, tokens: [67890] },
  };
  const { url } = await startGateway(t, { servers, auth });
  assert.equal((await raw(url, offering(basic('admin', '12345')))).status, 200);
  assert.equal((await raw(url, offering('Bearer 67890'))).status, 200);
});

for (const [what, auth] of [
  ['where everybody is admitted', null],
  ['where a credential is needed', { bearer: BEARER }],
] as const) {
  ours(`\`OPTIONS *\` is answered ${what}, and the gateway goes on`, async (t) => {
    const gateway = await startGateway(t, { servers, auth });
    const answer = await bytes(gateway.url, 'OPTIONS * HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 [24]\d\d /);
    assert.ok(gateway.isRunning());
    assert.equal((await raw(gateway.url, offering('Bearer tok-1'))).status, 200);
  });
}
