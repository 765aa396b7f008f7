/** The authorization server and the protected server that other tests rely on do what those tests assume. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  Browser,
  signIn,
  startAuthorizationServer,
} from './authorization-server.ts';
import { type ProtectedServer, type ProtectedServerOptions, startProtectedServer } from './protected-server.ts';
import { SimpleClient, type Tokens } from './simple-client.ts';
import { until } from './wait.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(
  options: AuthorizationServerOptions = {},
  more: Partial<ProtectedServerOptions> = {},
): Promise<{ as: AuthorizationServer; server: ProtectedServer; client: SimpleClient }> {
  const as = await startAuthorizationServer(options);
  open.push(as);
  const server = await startProtectedServer({ authorization: as, ...more });
  open.push(server);
  return { as, server, client: await new SimpleClient(as.issuer, server.url.href).register() };
}

/** One MCP message; a session is opened first unless one is given. */
async function ask(
  { url }: ProtectedServer,
  token: string | undefined,
  method: string,
  params: unknown = {},
  session?: string,
): Promise<{ status: number; challenge: string | null; session: string; result: Record<string, unknown> }> {
  const known =
    session ?? (method === 'initialize' ? '' : (await ask({ url } as ProtectedServer, token, 'initialize')).session);
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(known === '' ? {} : { 'mcp-session-id': known }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const body = (await response.json()) as { result?: Record<string, unknown> };
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    session: response.headers.get('mcp-session-id') ?? '',
    result: body.result ?? {},
  };
}

const call = (server: ProtectedServer, token: string, name: string, session?: string) =>
  ask(server, token, 'tools/call', { name, arguments: { text: 'a' } }, session);

describe('the authorization server of the tests', () => {
  it('issues a JWT for the resource after login and consent, and tells the client who it is', async () => {
    const { as, server, client } = await start({ accessTokenTtl: 5 });
    const callback = await signIn(client.authorizeUrl());
    assert.equal(callback.searchParams.get('iss'), as.issuer);
    assert.equal(callback.searchParams.get('state'), 'state');
    const tokens = await client.login();
    assert.equal(tokens.expires_in, 5);
    const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1] ?? '', 'base64url').toString());
    assert.deepEqual([claims.sub, claims.aud, claims.iss], ['alice', server.url.href, as.issuer]);
    assert.equal(as.counts('authorize'), 2);
    assert.equal(as.seen.find(({ endpoint }) => endpoint === 'authorize')?.params.resource, server.url.href);
  });

  it('keeps an account signed in within one browser, and another browser apart', async () => {
    const { as, client } = await start();
    const browser = new Browser();
    await client.login({ user: 'bob', browser });
    await client.login({ browser });
    assert.deepEqual([as.grantsOf('bob'), as.grantsOf('alice')], [1, 0]);
    await client.login();
    assert.deepEqual([as.grantsOf('bob'), as.grantsOf('alice')], [1, 1]);
  });

  it('says access_denied when the person denies', async () => {
    const { as, client } = await start();
    const callback = await signIn(client.authorizeUrl(), { decision: 'deny' });
    assert.equal(callback.searchParams.get('error'), 'access_denied');
    assert.equal(callback.searchParams.get('iss'), as.issuer);
  });

  it('serves the metadata of an issuer with a path at its RFC 8414 place', async () => {
    const { as } = await start({ issuerPath: '/tenant' });
    for (const path of ['/.well-known/oauth-authorization-server/tenant', '/tenant/.well-known/openid-configuration']) {
      const metadata = (await (await fetch(as.origin + path)).json()) as Record<string, unknown>;
      assert.equal(metadata.issuer, as.issuer);
      assert.equal(metadata.token_endpoint, `${as.issuer}/token`);
    }
    for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration/tenant']) {
      assert.equal((await fetch(as.origin + path)).status, 404, path);
    }
  });

  it('rotates refresh tokens, and of several uses of one only the first succeeds and the grant ends', async () => {
    const { as, client } = await start();
    const { refresh_token } = await client.login();
    const next = await client.refresh(refresh_token);
    assert.notEqual(next.refresh_token, refresh_token);
    const many = await Promise.all(Array.from({ length: 5 }, () => client.refresh(next.refresh_token ?? '')));
    assert.equal(many.filter(({ status }) => status === 200).length, 1);
    assert.equal(as.happened('refresh-token-reused'), 1);
    assert.equal(as.refreshTokensOf('alice'), 0);
    assert.equal(as.counts('refresh_token'), 6);
  });

  it('without rotation takes the same token again', async () => {
    const { client } = await start({ rotate: false });
    const { refresh_token } = await client.login();
    for (let round = 0; round < 2; round += 1) assert.equal((await client.refresh(refresh_token)).status, 200);
  });

  it('loses an answer after rotating, fails without effect, and hangs', async () => {
    const { as, client } = await start();
    const { refresh_token } = await client.login();
    as.fail('token', 'error');
    assert.equal((await client.refresh(refresh_token)).status, 500);
    as.fail('token', 'hang');
    const hanging = assert.rejects(client.refresh(refresh_token));
    await until(() => as.counts('refresh_token') === 2);
    as.heal();
    await hanging;
    as.fail('token', 'drop');
    await assert.rejects(client.refresh(refresh_token));
    assert.equal((await client.refresh(refresh_token)).error, 'invalid_grant');
    assert.equal(as.happened('refreshed'), 1);
  });

  it('refuses while it is down, and knows everything after it came back', async () => {
    const { as, client } = await start();
    const { refresh_token } = await client.login();
    await as.stop();
    await assert.rejects(client.refresh(refresh_token));
    await as.start();
    assert.equal((await client.refresh(refresh_token)).status, 200);
  });

  it('forgets clients, and ends the grants of one account', async () => {
    const { as, client } = await start();
    const [alice, bob] = [await client.login(), await client.login({ user: 'bob' })];
    assert.equal(as.revokeGrantsOf('alice'), 1);
    assert.equal((await client.refresh(alice.refresh_token)).error, 'invalid_grant');
    assert.equal((await client.refresh(bob.refresh_token)).status, 200);
    as.forgetClients();
    assert.equal((await client.refresh(bob.refresh_token)).error, 'invalid_client');
  });

  it('refuses registration, or does not have it', async () => {
    for (const [registration, status] of [
      ['refuse', 403],
      [false, 404],
    ] as const) {
      const as = await startAuthorizationServer({ registration });
      open.push(as);
      const response = await fetch(`${as.issuer}/register`, { method: 'POST', body: '{}' });
      assert.equal(response.status, status);
      const metadata = await fetch(`${as.issuer}/.well-known/oauth-authorization-server`);
      assert.equal('registration_endpoint' in ((await metadata.json()) as object), registration === 'refuse');
    }
  });
});

describe('the protected server of the tests', () => {
  it('knows each person by the token, with tools and notes of their own', async () => {
    const { server, client } = await start();
    const [alice, bob] = [await client.login(), await client.login({ user: 'bob' })];
    for (const [name, { access_token }] of Object.entries({ alice, bob })) {
      const { result } = await call(server, access_token, 'whoami');
      assert.deepEqual(result.content, [{ type: 'text', text: name }]);
    }
    await call(server, alice.access_token, 'add_note');
    assert.deepEqual((await call(server, bob.access_token, 'list_notes')).result.content, [
      { type: 'text', text: '[]' },
    ]);
    const toolsOf = async ({ access_token }: Tokens) => (await ask(server, access_token, 'tools/list')).result.tools;
    assert.equal(((await toolsOf(alice)) as unknown[]).length, 5);
    assert.equal(((await toolsOf(bob)) as unknown[]).length, 4);
    assert.equal(server.answered('whoami', 'bob').length, 1);
    assert.deepEqual(server.sharedSessions(), []);
  });

  it('gives a session to its own account alone', async () => {
    const { server, client } = await start();
    const [alice, bob] = [await client.login(), await client.login({ user: 'bob' })];
    const { session } = await ask(server, alice.access_token, 'initialize');
    assert.equal((await call(server, alice.access_token, 'whoami', session)).status, 200);
    assert.equal((await call(server, bob.access_token, 'whoami', session)).status, 404);
    assert.deepEqual(server.sharedSessions(), [session]);
  });

  it('says where to log in, and publishes RFC 9728 metadata there', async () => {
    const { as, server } = await start();
    const { status, challenge } = await ask(server, undefined, 'initialize');
    assert.equal(status, 401);
    const [, place = ''] = /resource_metadata="([^"]+)"/.exec(challenge ?? '') ?? [];
    assert.match(challenge ?? '', /scope="notes:read"/);
    const metadata = (await (await fetch(place)).json()) as Record<string, unknown>;
    assert.deepEqual([metadata.resource, metadata.authorization_servers], [server.url.href, [as.issuer]]);
  });

  it('refuses tokens for others, expired ones, refused ones, and all when told to', async () => {
    const { as, server, client } = await start();
    const { access_token } = await client.login();
    const other = await new SimpleClient(as.issuer, 'http://127.0.0.1:9/other').register();
    assert.equal((await ask(server, (await other.login()).access_token, 'initialize')).status, 401);
    assert.equal((await ask(server, 'nonsense', 'initialize')).status, 401);
    assert.equal((await ask(server, access_token, 'initialize')).status, 200);
    server.refuse('alice');
    assert.equal((await ask(server, access_token, 'initialize')).status, 401);
    const fresh = await client.login();
    assert.equal((await ask(server, fresh.access_token, 'initialize')).status, 200);
    as.accessTokenTtl = 1;
    const short = await client.login();
    assert.equal((await ask(server, short.access_token, 'initialize')).status, 200);
    await until(async () => (await ask(server, short.access_token, 'initialize')).status === 401);
    server.refuseAll = true;
    assert.equal((await ask(server, fresh.access_token, 'initialize')).status, 401);
  });

  it('wants another scope for one tool, which a further login gives', async () => {
    const { server, client } = await start();
    const { access_token } = await client.login();
    const { status, challenge } = await call(server, access_token, 'delete_all');
    assert.equal(status, 403);
    assert.match(challenge ?? '', /error="insufficient_scope", scope="notes:write"/);
    const more = await client.login({}, 'notes:read notes:write');
    assert.equal((await call(server, more.access_token, 'delete_all')).status, 200);
  });

  it('as a server of 2025-03-26 has no metadata, and its origin is the authorization server', async () => {
    const legacy = { defaultScope: 'notes:read', metadata: false };
    const { as, server, client } = await start(legacy, { sameOrigin: true, metadata: false, challenge: 'bare' });
    assert.equal(server.url.origin, as.issuer);
    assert.equal((await ask(server, undefined, 'initialize')).challenge, 'Bearer');
    for (const place of ['oauth-protected-resource/mcp', 'oauth-protected-resource', 'oauth-authorization-server']) {
      assert.equal((await fetch(`${as.origin}/.well-known/${place}`)).status, 404, place);
    }
    const { access_token } = await client.login({}, '');
    assert.equal((await call(server, access_token, 'whoami')).status, 200);
  });

  it('moves to another authorization server', async () => {
    const { server, client } = await start();
    const { access_token } = await client.login();
    const second = await startAuthorizationServer();
    open.push(second);
    server.moveTo(second);
    assert.equal((await ask(server, access_token, 'initialize')).status, 401);
    const there = await new SimpleClient(second.issuer, server.url.href).register();
    assert.equal((await ask(server, (await there.login()).access_token, 'initialize')).status, 200);
  });
});
