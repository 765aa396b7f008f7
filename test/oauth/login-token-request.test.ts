/** What a token endpoint can do to a login, and what of it anybody gets to see. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Flow, flowId } from '../../src/oauth/flow.ts';
import { readTokenAnswer, type TokenResult } from '../../src/oauth/token-answer.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { until } from '../helpers/wait.ts';
import { type House, type HouseOptions, loginError, openHouse, Person, textOf } from './login-person.ts';
import { type Answer, answerTo, type ScriptedServer, startScriptedServer, TOKENS } from './login-scripted-server.ts';

let as: AuthorizationServer;
let scripted: ScriptedServer;
const houses: House[] = [];

before(async () => {
  as = await startAuthorizationServer();
  scripted = await startScriptedServer();
});

beforeEach(() => {
  scripted.token = { body: TOKENS };
  scripted.register = { status: 201, body: { client_id: 'scripted-client' } };
  scripted.metadata = {};
  scripted.asked.length = 0;
});

after(async () => {
  await Promise.all(houses.map((house) => house.close()));
  await scripted.close();
  await as.close();
});

async function open(options: Partial<HouseOptions> = {}): Promise<House> {
  const house = await openHouse({ issuer: scripted.issuer, ...options });
  houses.push(house);
  return house;
}

describe('a token endpoint', () => {
  it('that is down or answers with a page ends the login, and another try works', async () => {
    const house = await open({ issuer: as.issuer });
    const alice = new Person(house);
    for (const fault of ['error', 'unavailable', 'garbage', 'drop'] as const) {
      as.fail('token', fault);
      const error = await loginError(alice.connect(), 'token_request_failed');
      assert.equal(error.retry, true);
      assert.match(String(error.privateDetail), /^unreachable/);
    }
    await alice.connect();
  });

  it('that is slow is waited for, and one that never answers is not asked twice', async () => {
    const alice = new Person(await open({ issuer: as.issuer }));
    as.tokenDelayMs = 300;
    await alice.connect();
    as.tokenDelayMs = 0;
    as.fail('token', 'hang');
    const tokenRequests = as.counts('token');
    const login = loginError(alice.connect(), 'token_request_failed');
    await until(() => as.counts('token') > tokenRequests);
    as.heal();
    await login;
    assert.equal(as.counts('token'), tokenRequests + 1);
  });

  it('that does not take the code leads to another try', async () => {
    scripted.token = { status: 400, body: { error: 'invalid_grant' } };
    const error = await failedLogin(await open());
    assert.equal(error.remedy, 'Connect again.');
    assert.equal(error.retry, true);
  });

  it('that forgot the client leads to a new registration at the next try', async () => {
    const house = await open();
    for (const answer of [
      { status: 401, body: { error: 'invalid_client' } },
      { status: 400, body: { error: 'unauthorized_client' } },
      { status: 401, body: 'no' },
    ]) {
      scripted.token = answer;
      const error = await failedLogin(house);
      const registered = scripted.at('/register').length;
      assert.match(error.message, /does not know this gateway/);
      assert.equal(error.retry, true);
      scripted.register = { status: 201, body: { client_id: `client-${registered}` } };
      scripted.token = { body: TOKENS };
      const alice = new Person(house);
      const { url } = await alice.begin();
      assert.equal(scripted.at('/register').length, registered + 1);
      assert.equal(url.searchParams.get('client_id'), `client-${registered}`);
      await alice.complete(answerTo(url));
    }
  });

  it('that says at the callback that it does not know the client leads to a new registration too', async () => {
    const house = await open();
    const alice = new Person(house);
    const { url } = await alice.begin();
    await loginError(alice.complete(answerTo(url, { error: 'unauthorized_client' })), 'provider_refused');
    await alice.begin();
    assert.equal(scripted.at('/register').length, 2);
  });

  it('that does not know the configured client sends the person to the operator', async () => {
    scripted.token = { status: 401, body: { error: 'invalid_client' } };
    const error = await failedLogin(await open({ oauth: { clientId: 'ours', clientSecret: 'our-secret' } }));
    assert.match(error.remedy, /oauth\.client_id/);
    assert.equal(error.retry, false);
  });

  it('that wants another resource sends the person to the operator', async () => {
    scripted.token = { status: 400, body: { error: 'invalid_target', error_description: 'unknown resource' } };
    const error = await failedLogin(await open());
    assert.match(error.remedy, /oauth\.resource/);
    assert.equal(error.provider?.description, 'unknown resource');
  });

  it('gets the credentials of the client as it wants them', async () => {
    const cases = [
      [undefined, 'basic'],
      [['client_secret_post', 'client_secret_basic'], 'basic'],
      [['client_secret_post'], 'post'],
      [['none'], 'none'],
    ] as const;
    for (const [supported, method] of cases) {
      scripted.asked.length = 0;
      scripted.metadata = supported === undefined ? {} : { token_endpoint_auth_methods_supported: supported };
      scripted.register = { status: 201, body: { client_id: 'a-client_1', client_secret: 's+:/' } };
      const alice = new Person(await open());
      await alice.complete(answerTo((await alice.begin()).url));
      const { authorization, body } = scripted.at('/token')[0] ?? {};
      const basic = `Basic ${Buffer.from('a-client_1:s%2B%3A%2F').toString('base64')}`;
      assert.equal(authorization, method === 'basic' ? basic : undefined);
      assert.equal(body?.client_secret, method === 'post' ? 's+:/' : undefined);
      assert.equal(body?.client_id, method === 'basic' ? undefined : 'a-client_1');
    }
  });
});

describe('nobody gets to see', () => {
  it('a code, token, verifier, secret, state or cookie, in an error or in the log', async () => {
    const secret = 'the client secret';
    scripted.register = { status: 201, body: { client_id: 'scripted-client', client_secret: secret } };
    const house = await open();
    const alice = new Person(house);
    const seen: string[] = [];
    const formEncoded = 'the+client+secret';
    const basic = btoa(`scripted-client:${encodeURIComponent(secret)}`);
    const secrets: string[] = [
      secret,
      encodeURIComponent(secret),
      formEncoded,
      basic,
      'scripted-code',
      TOKENS.access_token,
      'scripted-refresh',
    ];
    const echo = ({ body, authorization }: { body: object; authorization: string | undefined }): Answer => {
      const description = JSON.stringify({
        authorization,
        secret,
        encoded: [encodeURIComponent(secret), formEncoded],
        body,
      });
      return { status: 400, body: { error: 'invalid_grant', error_description: description } };
    };
    const answers: ScriptedServer['token'][] = [
      { body: { ...TOKENS, refresh_token: 'scripted-refresh' } },
      echo,
      { status: 500, body: 'scripted-code scripted-access' },
      { body: { ...TOKENS, token_type: 'dpop' } },
      { body: { ...TOKENS, access_token: 'scripted-access\nx' } },
    ];
    for (const answer of answers) {
      scripted.token = answer;
      const { url, cookie } = await alice.begin();
      const state = url.searchParams.get('state') ?? '';
      const rows = house.store.table<Flow>('flows');
      secrets.push(state, cookie?.value ?? '', (await rows.get(flowId(state)))?.codeVerifier ?? '');
      const outcome = await alice.complete(answerTo(url)).catch((error: unknown) => error);
      seen.push(outcome instanceof Error ? textOf(outcome as never) : '');
    }
    seen.push(JSON.stringify(house.log.lines));
    assert.ok(house.log.lines.length > 0);
    assert.match(seen.join('\n'), /\[removed\]/);
    for (const one of secrets) assert.ok(one !== '' && !seen.join('\n').includes(one), `${one} can be seen`);
  });
});

describe('a token answer', () => {
  const now = 1_000_000;
  const read = (status: number, body: unknown): TokenResult =>
    readTokenAnswer(status, typeof body === 'string' ? body : JSON.stringify(body), now, []);

  it('is read leniently where servers differ', () => {
    const minimal = { access_token: 'a', token_type: 'bEaReR' };
    const cases: readonly [unknown, unknown][] = [
      [minimal, { accessToken: 'a' }],
      [
        { ...minimal, expires_in: '60' },
        { accessToken: 'a', expiresAt: now + 60_000 },
      ],
      [
        { ...minimal, expires_in: 60.5 },
        { accessToken: 'a', expiresAt: now + 60_500 },
      ],
      [
        { ...minimal, expires_in: 1e300 },
        { accessToken: 'a', expiresAt: now + 315_360_000_000 },
      ],
      [{ ...minimal, expires_in: 0 }, { accessToken: 'a' }],
      [{ ...minimal, expires_in: 'never' }, { accessToken: 'a' }],
      [
        { ...minimal, expires_in: null, refresh_token: null, scope: ['x'], id_token: 'not a JWT' },
        { accessToken: 'a' },
      ],
      [
        { ...minimal, refresh_token: 'r', scope: 'x y' },
        { accessToken: 'a', refreshToken: 'r', scope: 'x y' },
      ],
    ];
    for (const [body, tokens] of cases) assert.deepEqual(read(200, body), { tokens });
  });

  it('is refused without a token that can be sent as Bearer', () => {
    for (const body of [
      {},
      { access_token: 'a' },
      { access_token: 'a', token_type: 'DPoP' },
      { access_token: 'a\r\nx: y', token_type: 'Bearer' },
      { access_token: '', token_type: 'Bearer' },
      { access_token: 7, token_type: 'Bearer' },
      { access_token: 'a', token_type: 'Bearer', error: 'bad_verification_code' },
    ]) {
      const result = read(200, body);
      assert.equal('failure' in result && result.failure, 'refused');
    }
  });

  it('that is an error falls into one of five kinds', () => {
    const cases: readonly [number, unknown, string][] = [
      [400, { error: 'invalid_grant' }, 'invalid_grant'],
      [401, { error: 'invalid_grant' }, 'invalid_grant'],
      [400, { error: 'invalid_client' }, 'client_unknown'],
      [401, { error: 'unauthorized_client' }, 'client_unknown'],
      [401, { message: 'no' }, 'client_unknown'],
      [401, '', 'client_unknown'],
      [400, { error: 'invalid_target' }, 'invalid_target'],
      [400, { error: 'invalid_request' }, 'refused'],
      [403, { error: 'Policy says no.' }, 'refused'],
      [400, { error: 'toString' }, 'refused'],
      [400, { error: 'temporarily_unavailable' }, 'unreachable'],
      [500, { error: 'invalid_grant' }, 'unreachable'],
      [429, { error: 'invalid_grant' }, 'unreachable'],
      [302, '', 'unreachable'],
      [302, { a: 1 }, 'unreachable'],
      [200, '<h1>Welcome</h1>', 'unreachable'],
      [200, '[]', 'unreachable'],
      [404, '<h1>Not found</h1>', 'unreachable'],
    ];
    for (const [status, body, failure] of cases) {
      const result = read(status, body);
      assert.equal('failure' in result && result.failure, failure, `${status} ${JSON.stringify(body)}`);
    }
  });
});

/** A login at the scripted server that fails at its token endpoint. */
async function failedLogin(house: House) {
  const alice = new Person(house);
  const { url } = await alice.begin();
  return loginError(alice.complete(answerTo(url)), 'token_request_failed');
}
