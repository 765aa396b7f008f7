/** A refusal that comes before anything else is a page for a person too, with all the headers of a page. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { basic, raw } from './raw.ts';
import { startFor } from './start-for.ts';

const NONE = { none: { command: 'no-such-program' } };
const AUTH = { basic: { enabled: true, credentials: [{ username: 'ann', password: 'of-ann' }] } };
const HTML = ['accept', 'text/html'];

function assertPage(answer: Awaited<ReturnType<typeof raw>>, status: number, code: string, words: RegExp): void {
  const { headers, body } = answer;
  assert.deepEqual([answer.status, headers['x-latchkey-error']], [status, code], body);
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.match(body, words);
}

describe('a person at a browser reads', () => {
  it('that the host name is not allowed', async (t) => {
    const app = await startFor(t, { mcpServers: NONE, argv: ['--public-url', 'https://tools.example.org'] });
    const answer = await raw(app.url, { path: '/', headers: ['host', 'gate.example.net', ...HTML] });
    assertPage(answer, 403, 'host_not_allowed', /The host name gate\.example\.net is not allowed/);
  });

  it('that a password is wrong, and at last that they have to wait', async (t) => {
    const app = await startFor(t, { mcpServers: NONE, keys: { auth: AUTH } });
    const enter = () => raw(app.url, { path: '/', headers: ['authorization', basic('ann', 'wrong'), ...HTML] });
    assertPage(await enter(), 403, 'invalid_credentials', /Invalid credentials/);
    for (let count = 0; count < 20; count += 1) await enter();
    assertPage(await enter(), 429, 'too_many_attempts', /Wait a moment/);
  });

  it('that a token does not count', async (t) => {
    const app = await startFor(t, { mcpServers: NONE, argv: ['--api-key', 'key of the gateway'] });
    const headers = ['authorization', `Bearer lk_${'A'.repeat(43)}`, ...HTML];
    assertPage(await raw(app.url, { path: '/', headers }), 401, 'invalid_credentials', /This access token/);
  });
});
