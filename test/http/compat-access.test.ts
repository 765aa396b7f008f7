/** The API key as mcpo asks for it: which credentials pass, and what the others are answered. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { ask, startCases } from '../helpers/mcpo-cases-app.ts';

const MISSING = 'Missing or invalid Authorization header';
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('--api-key as in mcpo', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['calls'], { argv: ['--api-key', 'K'] });
  });
  after(() => app.close());

  for (const [authorization, status, detail] of [
    [undefined, 401, MISSING],
    ['', 401, MISSING],
    ['Bearer', 401, MISSING],
    ['Bearer ', 401, MISSING],
    ['Token K', 401, MISSING],
    ['K', 401, MISSING],
    ['Bearer wrong', 403, 'Invalid API key'],
  ] as const) {
    it(`a call with ${authorization ?? 'nothing'} is ${status}`, async () => {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await app.post('/calls/scalars', { i: 'x' }, headers);
      assert.equal(response.status, status);
      assert.deepEqual(await response.json(), { detail });
      assert.equal(response.headers.get('www-authenticate'), status === 401 ? 'Bearer' : null);
    });
  }

  for (const authorization of ['Bearer K', 'bearer K', 'BEARER K']) {
    it(`a call with ${authorization}`, async () => {
      assert.equal((await ask(app, '/calls/scalars', { i: 1 }, { authorization })).status, 200);
    });
  }

  it('neither another header nor the query is looked at', async () => {
    assert.equal((await ask(app, '/calls/scalars', {}, { 'x-api-key': 'K' })).status, 401);
    assert.equal((await ask(app, '/calls/scalars?api_key=K', {})).status, 401);
  });

  it('documents, unknown paths and other methods are open', async () => {
    for (const [path, status] of [
      ['/openapi.json', 200],
      ['/docs', 200],
      ['/calls/openapi.json', 200],
      ['/calls/docs', 200],
      ['/calls/scalars', 405],
      ['/nope', 404],
    ] as const) {
      assert.equal((await app.get(path)).status, status, path);
    }
    assert.equal((await ask(app, '/calls/nope', {})).status, 404);
  });
});

describe('--strict-auth as in mcpo', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['calls'], { argv: ['--api-key', 'K', '--strict-auth'] });
  });
  after(() => app.close());

  it('without a credential everything is 401', async () => {
    for (const path of ['/openapi.json', '/docs', '/calls/openapi.json', '/nope', '/calls/scalars']) {
      const response = await app.get(path);
      assert.equal(response.status, 401, path);
      assert.deepEqual(await response.json(), { detail: MISSING });
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer, Basic\b/);
    }
  });

  it('the documents are also for Basic with the key as password', async () => {
    for (const [credentials, status] of [
      ['u:K', 200],
      [':K', 200],
      ['u:wrong', 403],
      ['nocolon', 401],
    ] as const) {
      const response = await app.get('/calls/openapi.json', { authorization: basic(credentials) });
      assert.equal(response.status, status, credentials);
    }
  });

  it('the key as a bearer token opens all', async () => {
    const headers = { authorization: 'Bearer K' };
    assert.equal((await app.get('/docs', headers)).status, 200);
    assert.equal((await ask(app, '/calls/scalars', { i: 1 }, headers)).status, 200);
    assert.equal((await ask(app, '/calls/nope', {}, headers)).status, 404);
  });

  it('a wrong bearer token is 403', async () => {
    const response = await app.get('/docs', { authorization: 'Bearer wrong' });
    assert.equal(response.status, 403);
    assert.deepEqual(await response.json(), { detail: 'Invalid API key' });
  });
});
