/** What a request is told that comes under a name that is not the gateway's. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { raw } from './raw.ts';
import { startFor } from './start-for.ts';

describe('a host name that is not allowed', () => {
  it('is named in the answer, so that it can be allowed, unless it is no name', async (t) => {
    const app = await startFor(t, {
      mcpServers: { none: { command: 'no-such-program' } },
      argv: ['--public-url', 'https://tools.example.org'],
    });
    const told = async (host: string) => {
      const { status, body } = await raw(app.url, { path: '/', headers: ['host', host] });
      assert.equal(status, 403, host);
      return body;
    };
    assert.match(
      await told('Gate.example.net:8000'),
      /The host name gate\.example\.net is not allowed.*--allowed-host gate\.example\.net, or/,
    );
    for (const host of ['a.<b>.example', `${'a'.repeat(300)}.example`, '-x.example', 'a b.example', '"; rm.example']) {
      const body = await told(host);
      assert.match(body, /This host name is not allowed.*--allowed-host NAME, or/, host);
      assert.ok(!body.includes(host));
    }
  });
});
