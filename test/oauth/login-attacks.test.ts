/** Logins that are not what they claim to be. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { type Flow, flowId } from '../../src/oauth/flow.ts';
import { signIn } from '../helpers/authorization-server.ts';
import { until } from '../helpers/wait.ts';
import { housesOfFile } from './houses.ts';
import { loginError, Person, textOf } from './login-person.ts';
import { answerTo, type ScriptedServer, startScriptedServer, TOKENS } from './login-scripted-server.ts';

const houses = housesOfFile();
const { open } = houses;

describe('the state of a login', () => {
  it('is refused when it is missing, malformed, doubled or made up, and none reaches the provider', async () => {
    const alice = new Person(await open());
    const tokenRequests = houses.as.counts('token');
    const madeUp = 'a'.repeat(43);
    for (const query of ['', 'state=', 'state=short', `state=${madeUp}x`, `state=${madeUp}`]) {
      await loginError(alice.complete(new URLSearchParams(`code=c&${query}`)), 'flow_unknown');
    }
    const { url } = await alice.begin();
    const callback = await signIn(url);
    callback.searchParams.append('state', madeUp);
    await loginError(alice.complete(callback), 'flow_unknown');
    assert.equal(houses.as.counts('token'), tokenRequests);
  });

  it('is good once, though the first use was a success', async () => {
    const alice = new Person(await open());
    const { url, cookie } = await alice.begin();
    const callback = await signIn(url);
    await alice.complete(callback);
    alice.cookies[cookie?.name ?? ''] = cookie?.value ?? '';
    await loginError(alice.complete(callback), 'flow_unknown');
    assert.equal(houses.as.happened('refused'), 0);
  });

  it('is good once, though the first use was refused', async () => {
    const house = await open();
    const alice = new Person(house);
    const callback = await signIn((await alice.begin()).url);
    await loginError(new Person(house, 'basic:bob').complete(callback), 'flow_wrong_browser');
    await loginError(alice.complete(callback), 'flow_unknown');
  });

  it('is good for one of two who come at once', async () => {
    const alice = new Person(await open());
    const callback = await signIn((await alice.begin()).url);
    const both = await Promise.allSettled([alice.complete(callback), alice.complete(callback)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  it('expires', async () => {
    const house = await open();
    const alice = new Person(house);
    const callback = await signIn((await alice.begin()).url);
    const flows = house.store.table<Flow>('flows');
    const id = flowId(callback.searchParams.get('state') ?? '');
    await flows.set(id, (await flows.get(id)) as Flow, 1);
    await until(async () => (await flows.get(id)) === undefined);
    await loginError(alice.complete(callback), 'flow_unknown');
  });

  it('is not in the store, and neither is the cookie', async () => {
    const house = await open();
    const { url, cookie } = await new Person(house).begin();
    const state = url.searchParams.get('state') ?? '';
    const row = JSON.stringify(await house.store.table<Flow>('flows').get(flowId(state)));
    assert.match(row, /codeVerifier/);
    assert.ok(!row.includes(state) && !row.includes(cookie?.value ?? ''));
  });
});

describe('a login that another one ends', () => {
  it('is refused in another browser, though it is the same person', async () => {
    const house = await open();
    const callback = await signIn((await new Person(house).begin()).url);
    await loginError(new Person(house).complete(callback), 'flow_wrong_browser');
  });

  it('is refused with the cookie of another flow', async () => {
    const house = await open();
    const [victim, attacker] = [new Person(house), new Person(house)];
    const { cookie: own } = await victim.begin();
    const { url, cookie: theirs } = await attacker.begin();
    victim.cookies[theirs?.name ?? ''] = own?.value ?? '';
    await loginError(victim.complete(await signIn(url)), 'flow_wrong_browser');
  });

  it('is refused for another person in the same browser, and for nobody', async () => {
    const house = await open();
    for (const owner of ['basic:bob', undefined]) {
      const alice = new Person(house);
      const { searchParams: query } = await signIn((await alice.begin()).url);
      const request = { server: house.server, query, cookies: alice.cookies, owner };
      await loginError(house.logins.complete(request), 'flow_wrong_person');
    }
    assert.equal((await house.logins.status(house.server, 'basic:bob')).state, 'needs-login');
  });

  it('is refused at another server, and at a server that has moved', async () => {
    const house = await open();
    const others = [
      { ...house.server, name: 'other' },
      { ...house.server, url: new URL('http://127.0.0.1:9/mcp') },
    ];
    for (const server of others) {
      const alice = new Person(house);
      const { searchParams: query } = await signIn((await alice.begin()).url);
      const request = { server, query, cookies: alice.cookies, owner: alice.owner };
      await loginError(house.logins.complete(request), 'flow_unknown');
    }
  });
});

describe('the issuer in the answer', () => {
  let scripted: ScriptedServer;

  before(async () => {
    scripted = await startScriptedServer();
  });

  afterEach(() => {
    scripted.metadata = {};
    scripted.asked.length = 0;
  });

  after(() => scripted.close());

  it('has to be there where the server says that it will be', async () => {
    const alice = new Person(await open());
    const callback = await signIn((await alice.begin()).url);
    assert.equal(callback.searchParams.get('iss'), houses.as.issuer);
    callback.searchParams.delete('iss');
    await loginError(alice.complete(callback), 'response_rejected');
  });

  it('has to be the same text, whether or not the server announced it', async () => {
    const house = await open({ issuer: scripted.issuer });
    for (const announced of [true, false]) {
      scripted.metadata = { authorization_response_iss_parameter_supported: announced };
      for (const iss of [`${scripted.issuer}/`, scripted.issuer.toUpperCase(), 'https://evil.example', '']) {
        const alice = new Person(house);
        const { url } = await alice.begin();
        await loginError(alice.complete(answerTo(url, { iss })), 'response_rejected');
      }
    }
    assert.deepEqual(scripted.at('/token'), []);
  });

  it('may be missing where the server did not announce it', async () => {
    const alice = new Person(await open({ issuer: scripted.issuer }));
    await alice.complete(answerTo((await alice.begin()).url));
    assert.equal(await alice.token(), TOKENS.access_token);
  });

  it('is looked at before the error, of which nothing is told when it is wrong', async () => {
    const alice = new Person(await open({ issuer: scripted.issuer }));
    const { url } = await alice.begin();
    const query = answerTo(url, { iss: 'https://evil.example', error: 'mallory', error_description: 'call mallory' });
    const error = await loginError(alice.complete(query), 'response_rejected');
    assert.doesNotMatch(textOf(error), /mallory|evil/);
  });

  it('keeps the code of one authorization server from the other (mix-up)', async () => {
    const alice = new Person(await open());
    const { url } = await alice.begin();
    const tokenRequests = houses.as.counts('token');
    await loginError(alice.complete(answerTo(url, { iss: scripted.issuer })), 'response_rejected');
    assert.deepEqual(scripted.asked, []);
    assert.equal(houses.as.counts('token'), tokenRequests);
  });

  it('does not change where the code goes: to the token endpoint that the login began with', async () => {
    const house = await open({ issuer: scripted.issuer });
    const alice = new Person(house);
    const { url } = await alice.begin();
    house.issuer = houses.as.issuer;
    const tokenRequests = houses.as.counts('token');
    await alice.complete(answerTo(url));
    assert.equal(houses.as.counts('token'), tokenRequests);
    assert.equal(scripted.at('/token').length, 1);
    const { resource, redirect_uri: redirectUri, code_verifier: verifier } = scripted.at('/token')[0]?.body ?? {};
    assert.equal(resource, house.resource);
    assert.equal(redirectUri, url.searchParams.get('redirect_uri'));
    assert.match(String(verifier), /^[\w-]{43}$/);
  });

  it('does not help an answer without a code, with two, or with tokens in it', async () => {
    const house = await open({ issuer: scripted.issuer });
    const odd: readonly ((query: URLSearchParams) => void)[] = [
      (query) => query.delete('code'),
      (query) => query.set('code', ''),
      (query) => query.append('code', 'second'),
      (query) => query.append('iss', scripted.issuer),
      (query) => query.set('id_token', 'x'),
      (query) => query.set('response', 'x'),
    ];
    for (const change of odd) {
      const alice = new Person(house);
      const query = answerTo((await alice.begin()).url, { iss: scripted.issuer });
      change(query);
      await loginError(alice.complete(query), 'response_rejected');
    }
    assert.deepEqual(scripted.at('/token'), []);
  });
});

describe('an authorization server that says no', () => {
  it('is quoted when the person denies, and another try works', async () => {
    const alice = new Person(await open());
    const error = await loginError(alice.connect({ decision: 'deny' }), 'consent_denied');
    assert.equal(error.provider?.error, 'access_denied');
    assert.equal(error.retry, true);
    assert.equal((await alice.connect()).owner, alice.owner);
  });

  it('is quoted briefly, on one line, when it refuses otherwise', async () => {
    const alice = new Person(await open());
    const query = answerTo((await alice.begin()).url, {
      iss: houses.as.issuer,
      error: 'invalid_scope',
      error_description: `too much\r\n\u202e${'<b>'.repeat(500)}`,
    });
    const { provider } = await loginError(alice.complete(query), 'provider_refused');
    assert.equal(provider?.error, 'invalid_scope');
    assert.match(provider?.description ?? '', /^too much (?:<b>)+.{0,3}…$/);
    assert.equal(provider?.description?.length, 200);
  });

  it('cannot send the browser to what is no web address', async () => {
    const scripted = await startScriptedServer();
    try {
      const house = await open({ issuer: scripted.issuer });
      for (const endpoint of [
        'javascript:alert(1)',
        'data:text/html,x',
        'file:///etc/passwd',
        'http://example.com/a',
      ]) {
        scripted.metadata = { authorization_endpoint: endpoint };
        const error = await new Person(house).begin().then(
          () => assert.fail(`accepted ${endpoint}`),
          (reason: unknown) => reason as { code: string },
        );
        assert.match(error.code, /^(?:metadata_rejected|address_not_allowed)$/);
      }
      assert.deepEqual(scripted.asked, []);
    } finally {
      await scripted.close();
    }
  });

  it('keeps the query of its own authorization endpoint', async () => {
    const scripted = await startScriptedServer();
    try {
      scripted.metadata = { authorization_endpoint: `${scripted.issuer}/authorize?tenant=a%20b&state=theirs` };
      const { url } = await new Person(await open({ issuer: scripted.issuer })).begin();
      assert.equal(url.searchParams.get('tenant'), 'a b');
      assert.equal(url.searchParams.getAll('state').length, 1);
      assert.match(url.searchParams.get('state') ?? '', /^[\w-]{43}$/);
    } finally {
      await scripted.close();
    }
  });
});
