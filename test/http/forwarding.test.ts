/** `client_header_forwarding`: which headers of a caller reach a real MCP server over HTTP. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { basic, raw } from './raw.ts';
import { startFor } from './start-for.ts';

const KEY = 'correct horse battery';

interface Forwarding {
  readonly forward?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly argv?: readonly string[];
  readonly entry?: Record<string, unknown>;
}

let server: HttpServer;
before(async () => {
  server = await HttpServer.start();
});
after(() => server.stop());
beforeEach(() => {
  server.seen.length = 0;
});

/** The headers of the one tool call that the server got. */
async function received(setup: Forwarding, sent: readonly string[]): Promise<IncomingHttpHeaders> {
  const entry = { type: 'streamable-http', url: server.url.href, headers: setup.headers ?? {}, ...setup.entry };
  const forwarding = setup.forward === undefined ? {} : { client_header_forwarding: setup.forward };
  const app = await startApp({ mcpServers: { time: { ...entry, ...forwarding } }, argv: setup.argv ?? [] });
  const headers = ['content-type', 'application/json', ...sent];
  const answer = await raw(app.url, { method: 'POST', path: '/time/echo', headers, body: '{"text":"x"}' });
  await app.close();
  assert.equal(answer.status, 200, answer.body);
  const [call] = server.requests('echo');
  assert.ok(call);
  return call.headers;
}

describe('client_header_forwarding', () => {
  it('is off unless it is switched on', async () => {
    for (const forward of [undefined, { enabled: false, whitelist: ['*'] }]) {
      server.seen.length = 0;
      const headers = await received(forward === undefined ? {} : { forward }, ['x-user-id', '7']);
      assert.equal(headers['x-user-id'], undefined);
    }
  });

  it('compares names without regard to case, with * anywhere', async () => {
    const forward = { enabled: true, whitelist: ['X-User-*', '*-trace', 'x-ex*ct'] };
    const sent = ['X-USER-Id', '7', 'my-Trace', 't', 'x-exact', 'e', 'x-other', 'no', 'x-use', 'no'];
    const headers = await received({ forward }, sent);
    const { 'x-user-id': user, 'my-trace': trace, 'x-exact': exact, 'x-other': other, 'x-use': use } = headers;
    assert.deepEqual([user, trace, exact, other, use], ['7', 't', 'e', undefined, undefined]);
  });

  it('lets the blacklist take away what the whitelist gave; an empty whitelist gives all', async () => {
    const sent = ['x-user-id', '7', 'X-User-Email', 'a@b', 'x-other', 'o'];
    const narrow = await received(
      { forward: { enabled: true, whitelist: ['x-user-*'], blacklist: ['X-*-EMAIL'] } },
      sent,
    );
    assert.deepEqual([narrow['x-user-id'], narrow['x-user-email'], narrow['x-other']], ['7', undefined, undefined]);
    server.seen.length = 0;
    const wide = await received({ forward: { enabled: true, blacklist: ['x-user-email'] } }, sent);
    assert.deepEqual([wide['x-user-id'], wide['x-user-email'], wide['x-other']], ['7', undefined, 'o']);
  });

  it('never passes on what belongs to the hop, the body, the protocol or the browser', async () => {
    const sent = [
      ...['Connection', 'keep-alive, X-Hop', 'X-Hop', 'secret', 'Keep-Alive', 'timeout=99', 'TE', 'trailers'],
      ...['Proxy-Authorization', 'Basic x', 'Proxy-Connection', 'close', 'Expect-CT', 'passes'],
      ...['Cookie', 'token=secret', 'Origin', 'http://localhost:1', 'Sec-Fetch-Mode', 'cors', 'Accept', 'text/odd'],
      ...['Mcp-Session-Id', 'stolen', 'MCP-Protocol-Version', '1999', 'Last-Event-ID', '5', 'Content-Language', 'de'],
    ];
    const headers = await received({ forward: { enabled: true, whitelist: ['*'] } }, sent);
    assert.equal(headers['expect-ct'], 'passes', 'forwarding is on');
    const never = ['x-hop', 'te', 'proxy-authorization', 'proxy-connection', 'cookie', 'origin', 'last-event-id'];
    for (const name of [...never, 'sec-fetch-mode', 'content-language']) assert.equal(headers[name], undefined, name);
    assert.notEqual(headers['mcp-session-id'], 'stolen');
    assert.equal(headers['mcp-protocol-version'], '2025-11-25');
    assert.match(String(headers.accept), /^application\/json/);
    assert.equal(headers.host, server.url.host);
  });

  it('never passes on the credential that let the caller in, but any that is not ours', async () => {
    const forward = { enabled: true, whitelist: ['authorization', 'x-api-key'] };
    const guarded = { forward, argv: ['--api-key', KEY] };
    for (const credential of [`Bearer ${KEY}`, basic('me', KEY)]) {
      server.seen.length = 0;
      const headers = await received(guarded, ['Authorization', credential, 'X-Api-Key', 'theirs']);
      assert.equal(headers.authorization, undefined);
      assert.equal(headers['x-api-key'], 'theirs');
    }
    server.seen.length = 0;
    const open = await received({ forward }, ['Authorization', 'Bearer of-the-upstream']);
    assert.equal(open.authorization, 'Bearer of-the-upstream');
  });

  it("never replaces the operator's own header", async () => {
    const forward = { enabled: true, whitelist: ['*'] };
    const sent = ['authorization', 'Bearer of-the-caller', 'x-TENANT', 'theirs', 'x-free', 'yes'];
    const headers = await received({ forward, headers: { Authorization: 'Bearer ours', 'X-Tenant': 'ours' } }, sent);
    assert.deepEqual([headers.authorization, headers['x-tenant'], headers['x-free']], ['Bearer ours', 'ours', 'yes']);
  });

  it('sends them with calls only, never when the tools are listed', async () => {
    await received({ forward: { enabled: true } }, ['x-user-id', '7']);
    const others = server.seen.filter(({ message }) => message?.method !== 'tools/call');
    assert.ok(others.length >= 3);
    assert.deepEqual(
      others.filter(({ headers }) => headers['x-user-id'] !== undefined),
      [],
    );
  });

  it('logs names when asked to, and never values', async (t) => {
    const client_header_forwarding = { enabled: true, whitelist: ['x-*'], debug_headers: true };
    const app = await startFor(t, {
      mcpServers: { time: { type: 'streamable-http', url: server.url.href, client_header_forwarding } },
    });
    await app.post('/time/echo', { text: 'x' }, { 'x-user-id': 'private-value' });
    const line = app.records.find(({ msg }) => msg === 'headers forwarded');
    assert.deepEqual(line?.headers, ['x-user-id']);
    assert.doesNotMatch(JSON.stringify(app.records), /private-value/);
  });
});
