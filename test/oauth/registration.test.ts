/** How the gateway registers itself as a client, and how often. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ProtectedServer } from '../../src/oauth/model.ts';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../helpers/authorization-server.ts';
import { type House, type HouseOptions, loginError, openHouse, Person, PUBLIC_BASE } from './login-person.ts';
import { answerTo, type ScriptedServer, startScriptedServer } from './login-scripted-server.ts';

const CALLBACK = `${PUBLIC_BASE}/oauth/notes/callback`;

let scripted: ScriptedServer;
const closing: (() => Promise<void>)[] = [];

before(async () => {
  scripted = await startScriptedServer();
});

beforeEach(() => {
  scripted.register = { status: 201, body: { client_id: 'scripted-client' } };
  scripted.metadata = {};
  scripted.asked.length = 0;
});

after(async () => {
  for (const close of closing) await close();
  await scripted.close();
});

async function open(options: Partial<HouseOptions> = {}): Promise<House> {
  const house = await openHouse({ issuer: scripted.issuer, ...options });
  closing.unshift(house.close);
  return house;
}

async function realServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const as = await startAuthorizationServer(options);
  closing.push(() => as.close());
  return as;
}

describe('a registration', () => {
  it('says what is needed and no scope', async () => {
    await new Person(await open()).begin();
    assert.deepEqual(scripted.at('/register')[0]?.body, {
      client_name: 'latchkey (notes)',
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'native',
    });
  });

  it('says what is configured, but for where the browser comes back to', async () => {
    const clientMetadata = {
      client_name: 'Notes of ACME',
      scope: 'notes:read',
      redirect_uris: ['https://evil.example'],
    };
    scripted.metadata = { token_endpoint_auth_methods_supported: ['none'] };
    const house = await open({ oauth: { clientMetadata }, publicBase: 'https://tools.example.org/gate' });
    await new Person(house).begin();
    const { body } = scripted.at('/register')[0] ?? {};
    assert.equal(body?.client_name, 'Notes of ACME');
    assert.equal(body?.scope, 'notes:read');
    assert.equal(body?.token_endpoint_auth_method, 'none');
    assert.equal(body?.application_type, 'web');
    assert.deepEqual(body?.redirect_uris, ['https://tools.example.org/gate/oauth/notes/callback']);
  });

  it('is made once by four who begin at once, at two gateways of one store', async () => {
    const as = await realServer();
    const house = await open({ issuer: as.issuer });
    const twin = await openHouse({ issuer: as.issuer, store: house.store });
    closing.unshift(twin.close);
    // The same server for both: it is known by its address.
    const people = [house.logins, twin.logins, house.logins, twin.logins].map((logins, index) =>
      logins.begin(house.server, `basic:${index}`, { bound: true, returnTo: '/' }),
    );
    const ids = (await Promise.all(people)).map(({ url }) => url.searchParams.get('client_id'));
    assert.equal(new Set(ids).size, 1);
    assert.equal(as.counts('register'), 1);
  });

  it('is of one server and one redirect URI', async () => {
    const house = await open();
    const local = 'http://127.0.0.1:3030/callback';
    const other = { ...house.server, name: 'other' };
    // Without cookies, so that no login seems to be left.
    const begin = (server: ProtectedServer, redirectUri?: string) =>
      house.logins.begin(server, 'basic:alice', {
        bound: true,
        returnTo: '/',
        ...(redirectUri === undefined ? {} : { redirectUri }),
      });
    for (const redirectUri of [undefined, local, undefined, local]) await begin(house.server, redirectUri);
    for (const redirectUri of [local, undefined, local]) await begin(other, redirectUri);
    assert.deepEqual(
      scripted.at('/register').map(({ body }) => [body.client_name, ...(body.redirect_uris as string[])]),
      [
        ['latchkey (notes)', CALLBACK],
        ['latchkey (notes)', local],
        ['latchkey (other)', local],
        ['latchkey (other)', `${PUBLIC_BASE}/oauth/other/callback`],
      ],
    );
  });

  it('is taken with 200, without the expiry of its secret, and with fields that nobody asked for', async () => {
    scripted.register = { status: 200, body: { client_id: 'odd', client_secret: 's', registration_access_token: 't' } };
    const alice = new Person(await open());
    const { url } = await alice.begin();
    assert.equal(url.searchParams.get('client_id'), 'odd');
    await alice.complete(answerTo(url));
    assert.match(scripted.at('/token')[0]?.authorization ?? '', /^Basic /);
  });

  it('is made anew when its secret has expired, and kept when it never does', async () => {
    const house = await open();
    const seconds = Math.floor(Date.now() / 1000);
    const answer = (expires: number) => ({
      status: 201,
      body: { client_id: 'c', client_secret: 's', client_secret_expires_at: expires },
    });
    scripted.register = answer(seconds + 5);
    await new Person(house).begin();
    scripted.register = answer(0);
    await new Person(house).begin();
    await new Person(house).begin();
    assert.equal(scripted.at('/register').length, 2);
  });
});

describe('a refused registration', () => {
  it('is tried once more as the other type of application', async () => {
    scripted.register = ({ body }) =>
      body.application_type === 'native'
        ? { status: 400, body: { error: 'invalid_redirect_uri' } }
        : { status: 201, body: { client_id: 'web-client' } };
    const { url } = await new Person(await open()).begin();
    assert.equal(url.searchParams.get('client_id'), 'web-client');
    assert.equal(scripted.at('/register').length, 2);
  });

  it('is not tried again for another reason, nor where the type is configured', async () => {
    scripted.register = { status: 403, body: { error: 'access_denied' } };
    await loginError(new Person(await open()).begin(), 'registration_failed');
    scripted.register = { status: 400, body: { error: 'invalid_redirect_uri' } };
    const configured = await open({ oauth: { clientMetadata: { application_type: 'web' } } });
    await loginError(new Person(configured).begin(), 'registration_failed');
    assert.equal(scripted.at('/register').length, 2);
  });

  it('quotes the server, whose error may be a sentence, and tells what the operator can do', async () => {
    const as = await realServer({ registration: 'refuse' });
    const policy = await loginError(new Person(await open({ issuer: as.issuer })).begin(), 'registration_failed');
    assert.match(policy.provider?.description ?? '', /Trusted Hosts/);
    assert.match(policy.remedy, /oauth\.client_id/);
    assert.equal(policy.retry, false);
    scripted.register = { status: 400, body: { error: 'Unrecognized field "x"' } };
    const sentence = await loginError(new Person(await open()).begin(), 'registration_failed');
    assert.equal(sentence.provider?.error, 'Unrecognized field "x"');
  });

  it('may be tried later where the server is in trouble, and then works', async () => {
    const house = await open();
    scripted.register = { status: 503, body: 'down' };
    assert.equal((await loginError(new Person(house).begin(), 'registration_failed')).retry, true);
    scripted.register = { status: 201, body: { client_id: 'later' } };
    assert.equal((await new Person(house).begin()).url.searchParams.get('client_id'), 'later');
  });

  it('is what an answer without a usable client id is', async () => {
    const house = await open();
    for (const body of ['<h1>OK</h1>', [], {}, { client_id: 7 }, { client_id: '' }, { client_id: 'a\nb' }]) {
      scripted.register = { status: 201, body };
      await loginError(new Person(house).begin(), 'registration_failed');
    }
  });

  it('has no remedy but a configured client where the server offers none at all', async () => {
    scripted.metadata = { registration_endpoint: undefined };
    const error = await loginError(new Person(await open()).begin(), 'registration_failed');
    assert.match(error.remedy, /oauth\.client_id/);
    assert.deepEqual(scripted.asked, []);
  });
});
