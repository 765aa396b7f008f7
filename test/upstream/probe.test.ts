/** What a server is asked before anybody has signed in there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeChallenge } from '../../src/upstream/probe.ts';
import { serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { MemoryLog } from '../helpers/memory-log.ts';

const CHALLENGE = {
  'www-authenticate': 'Basic realm="x", Bearer resource_metadata="https://x.example/m", scope="a b"',
};

async function start(asksFrom: string): Promise<HttpServer> {
  return HttpServer.start({
    behave: ({ name, reply }) => {
      if (name !== asksFrom) return false;
      reply(401, undefined, CHALLENGE);
      return true;
    },
  });
}

for (const asksFrom of ['initialize', 'tools/list']) {
  test(`the challenge of a server that asks for a login from ${asksFrom} on`, async (t) => {
    const server = await start(asksFrom);
    t.after(() => server.stop());
    const config = serverConfig({ endpoint: urlEndpoint('http', server.url) });
    const found = await probeChallenge(config, new MemoryLog());
    assert.deepEqual(found, { resourceMetadata: 'https://x.example/m', scope: 'a b' });
  });
}

test('no challenge where the tools are told to everybody, and no session is left behind', async (t) => {
  const server = await HttpServer.start();
  t.after(() => server.stop());
  const config = serverConfig({ endpoint: urlEndpoint('http', server.url) });
  assert.equal(await probeChallenge(config, new MemoryLog()), undefined);
  assert.equal(server.sessions, 0);
});

test("the operator's own credential is not sent along, other headers are", async (t) => {
  const server = await start('initialize');
  t.after(() => server.stop());
  const headers = { Authorization: 'Bearer of-the-operator', 'x-tenant': 't1' };
  const config = serverConfig({ endpoint: urlEndpoint('http', server.url, headers) });
  await probeChallenge(config, new MemoryLog());
  assert.equal(server.seen.length > 0, true);
  for (const { headers: seen } of server.seen) {
    assert.equal(seen.authorization, undefined);
    assert.equal(seen['x-tenant'], 't1');
  }
});

test('a server that cannot be reached is an error for the person, with the reason for the log alone', async (t) => {
  const server = await HttpServer.start();
  await server.stop();
  t.after(() => server.stop());
  const config = serverConfig({ endpoint: urlEndpoint('http', server.url) });
  await assert.rejects(probeChallenge(config, new MemoryLog()), (error: Error & Record<string, unknown>) => {
    assert.equal(error.code, 'discovery_failed');
    assert.doesNotMatch(error.message, /ECONNREFUSED|127\.0\.0\.1/);
    assert.match(String(error.privateDetail), /ECONNREFUSED/);
    return true;
  });
});
