/** Callers of MCP endpoints who are nobody in particular, who are refused, or whom only a browser's cookie names. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunningApp } from '../../helpers/app.ts';
import { ACCEPT, type Json } from '../../helpers/mcp-session.ts';
import { API_KEY } from '../callers.ts';
import { Person, startStory } from '../login-story.ts';
import { basic } from '../raw.ts';
import { browserOf, Client, type Headers, namesIn, OPENS_URLS, once, startPeopleStory, told } from './logins-story.ts';

const WHOAMI = { name: 'whoami', arguments: {} };
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
};
const ENDPOINTS = ['/notes/mcp', '/mcp'];

describe('a caller who may be many people', () => {
  for (const [who, argv, headers] of [
    ['without any credential', [], {}],
    ['with the API key alone', ['--api-key', API_KEY], { authorization: `Bearer ${API_KEY}` }],
  ] as const) {
    it(`${who} is told how to say who it is, and gets no link of anybody's own`, async (t) => {
      const { app, notes } = await startStory(t, { argv });
      const plain = `http://localhost:${app.settings.port}/oauth/notes/authorize`;
      const sentence = new RegExp(`^"notes" is used with an account of one's own, .+ open ${plain}\\.$`);
      for (const capabilities of [{}, OPENS_URLS]) {
        const caller = await Client.open(t, app, { headers, capabilities });
        assert.deepEqual(await caller.tools(), ['connect_notes']);
        const [text, isError] = told(await caller.call('whoami'));
        assert.equal(isError, true);
        assert.match(text, sentence);
        assert.deepEqual(told(await caller.call('connect_notes', { code: 'ABCDE-FGHJK' })), [text, false]);
        const { error } = (await caller.ask('prompts/get', { name: 'p' })) as { error: Json };
        assert.deepEqual(error.data, { error: 'identity_required', authorize_url: plain });
        assert.deepEqual(told(await once(app, headers, 'tools/call', WHOAMI, { capabilities })), [text, true]);
      }
      assert.deepEqual(namesIn(await once(app, headers, 'tools/list')), ['connect_notes']);
      const all = await Client.open(t, app, { headers, path: '/mcp', capabilities: OPENS_URLS });
      assert.deepEqual(await all.tools(), ['connect_notes']);
      assert.match(told(await all.call('connect_notes'))[0], sentence);
      assert.ok(notes.seen.every(({ hadToken }) => !hadToken));
    });
  }
});

/** The status, our code and the JSON-RPC error of a refusal. */
async function refused(app: RunningApp, path: string, headers: Headers, method = 'POST'): Promise<unknown[]> {
  const body = method === 'POST' ? { body: JSON.stringify(INITIALIZE) } : {};
  const type = { 'content-type': 'application/json' };
  const response = await fetch(app.url + path, { method, ...body, headers: { ...ACCEPT, ...type, ...headers } });
  const { jsonrpc, id, error } = (await response.json()) as { jsonrpc: unknown; id: unknown; error: Json };
  assert.deepEqual([jsonrpc, id, typeof error.code, typeof error.message], ['2.0', null, 'number', 'string']);
  const code = response.headers.get('x-latchkey-error');
  assert.equal((error.data as Json).error, code);
  assert.equal(response.headers.get('mcp-session-id'), null);
  return [response.status, code];
}

describe('a caller without a credential that counts', () => {
  it('is refused by a JSON-RPC error at every endpoint, where a key is asked for', async (t) => {
    for (const more of [[], ['--strict-auth']]) {
      const { app, notes } = await startStory(t, { argv: ['--api-key', API_KEY, ...more] });
      for (const path of ENDPOINTS) {
        for (const method of ['POST', 'GET', 'DELETE']) {
          assert.deepEqual(await refused(app, path, {}, method), [401, 'missing_credentials'], `${method} ${path}`);
        }
        const wrong = { authorization: 'Bearer wrong' };
        assert.deepEqual(await refused(app, path, wrong), [403, 'invalid_credentials'], path);
        const session = { 'mcp-session-id': 'made-up' };
        assert.deepEqual(await refused(app, path, session, 'GET'), [401, 'missing_credentials'], path);
      }
      assert.deepEqual(notes.seen, []);
    }
  });

  it('is refused so where people have passwords, too', async (t) => {
    const { app } = await startPeopleStory(t);
    for (const path of ENDPOINTS) {
      assert.deepEqual(await refused(app, path, {}), [401, 'missing_credentials']);
      assert.deepEqual(await refused(app, path, { authorization: 'Bearer wrong' }), [403, 'invalid_credentials']);
      const wrong = { authorization: basic('ann', 'ben-pw') };
      assert.deepEqual(await refused(app, path, wrong), [403, 'invalid_credentials']);
    }
  });
});

describe('a page of another site', () => {
  it('gets no session of a gateway that asks for no credential', async (t) => {
    const { app } = await startStory(t);
    for (const path of ENDPOINTS) {
      const foreign = { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' };
      const answer = await app.post(path, INITIALIZE, { ...ACCEPT, ...foreign });
      assert.deepEqual([answer.status, answer.headers.get('mcp-session-id')], [403, null]);
      assert.equal(answer.headers.get('x-latchkey-error'), 'origin_not_allowed');
    }
  });
});

describe("a browser's session", () => {
  it('counts at MCP endpoints for pages of the gateway, which need no link of their own', async (t) => {
    const { app } = await startPeopleStory(t);
    const ann = await browserOf(app, 'ann');
    const opened = await ann.call('/notes/mcp', INITIALIZE);
    assert.equal(opened.status, 200, opened.body);
    const session = { 'mcp-session-id': String(opened.headers['mcp-session-id']) };
    const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: WHOAMI };
    const [text] = told(JSON.parse((await ann.call('/notes/mcp', call, session)).body));
    const link = `http://localhost:${app.settings.port}/oauth/notes/authorize`;
    assert.equal(text, `No account is connected at "notes". Ask the user to open ${link} to connect it.`);
    await ann.connect();
    assert.deepEqual(told(JSON.parse((await ann.call('/notes/mcp', call, session)).body)), ['alice', false]);
    const others: Headers[] = [
      { 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.example' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://localhost:1' },
      // It stands in the place of the cookie.
      { authorization: 'Bearer wrong' },
    ];
    for (const headers of others) {
      const { status, body } = await ann.call('/notes/mcp', call, { ...session, ...headers });
      assert.equal(status, 'authorization' in headers ? 403 : 401, JSON.stringify(headers));
      assert.equal(JSON.parse(body).result, undefined);
    }
    const ben = await browserOf(app, 'ben');
    assert.equal((await ben.call('/notes/mcp', call, session)).status, 404, 'it is hers');
    assert.equal((await new Person(app).call('/notes/mcp', call, session)).status, 401);
  });
});
