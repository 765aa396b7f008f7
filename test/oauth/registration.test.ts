/** How the gateway becomes a client of an authorization server, and how often. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { clientDocument } from '../../src/oauth/client-document.ts';
import { identify } from '../../src/oauth/client-identity.ts';
import { Clients } from '../../src/oauth/clients.ts';
import { oauthFetch } from '../../src/oauth/fetch.ts';
import type { Discovered, ProtectedServer } from '../../src/oauth/model.ts';
import { readRegistration } from '../../src/oauth/registration.ts';
import { type Leases, leases } from '../../src/storage/lease.ts';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  signIn,
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

/** The part of a house that keeps its clients, with what it needs to be asked. */
function clientsOf(house: House, locks: Leases = leases(house.store.table('leases'))) {
  const metadata = { issuer: scripted.issuer, registration_endpoint: `${scripted.issuer}/register` };
  const discovered: Discovered = {
    issuer: scripted.issuer,
    metadata,
    resource: undefined,
    scopesSupported: undefined,
    source: 'metadata',
  };
  const place = { server: house.server, issuer: scripted.issuer, redirectUri: CALLBACK };
  return { clients: new Clients({ store: house.store, leases: locks, log: house.log }), place, discovered };
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

describe('a client that the authorization server has forgotten', () => {
  it('shows only as a login that does not end: the next one of this browser registers anew', async () => {
    const as = await realServer();
    const house = await open({ issuer: as.issuer });
    await new Person(house, 'basic:bob').connect({ user: 'bob' });
    as.forgetClients();
    const alice = new Person(house);
    await assert.rejects(signIn((await alice.begin()).url), /invalid_client|client is invalid/);
    assert.equal(as.counts('register'), 1);
    await alice.connect();
    assert.equal(as.counts('register'), 2);
    await new Person(house).connect();
    assert.equal(as.counts('register'), 2);
  });

  it('is forgotten here too, and known again where the server gives the same id', async () => {
    const house = await open();
    const { clients, place, discovered } = clientsOf(house);
    const get = () => clients.get(place, discovered.metadata, oauthFetch(house.server));
    const { client } = await get();
    await clients.forget(house.server, client);
    assert.deepEqual(await get(), { client, isNew: true });
    assert.deepEqual(await get(), { client, isNew: false });
    assert.equal(scripted.at('/register').length, 2);
  });

  it('is replaced once, though a second one waited for the lock', async () => {
    const house = await open();
    const { clients, place, discovered } = clientsOf(house);
    const fetch = oauthFetch(house.server);
    const locks = leases(house.store.table('leases'));
    // The first one is done between the second one's look at the store and its turn.
    const late = clientsOf(house, {
      hold: async (name, ttlMs, work) => {
        await clients.get(place, discovered.metadata, fetch);
        return locks.hold(name, ttlMs, work);
      },
    });
    const { isNew } = await late.clients.get(place, discovered.metadata, fetch);
    assert.equal(isNew, false);
    assert.equal(scripted.at('/register').length, 1);
  });

  it('is not suspected for a login that was left but for which it was just registered', async () => {
    const alice = new Person(await open());
    await alice.begin();
    await alice.begin();
    assert.equal(scripted.at('/register').length, 1);
  });

  it('is not suspected when somebody else has signed in since', async () => {
    const house = await open();
    const alice = new Person(house);
    await alice.begin();
    await alice.begin();
    const bob = new Person(house, 'basic:bob');
    await bob.complete(answerTo((await bob.begin()).url));
    await alice.begin();
    assert.equal(scripted.at('/register').length, 1);
  });

  it('is not suspected for flows of others: without the right cookie nobody causes a registration', async () => {
    const house = await open();
    await new Person(house).begin();
    const left = await new Person(house).begin();
    const mallory = new Person(house, 'basic:mallory');
    mallory.cookies[left.cookie?.name ?? ''] = 'guessed';
    await mallory.begin();
    assert.equal(scripted.at('/register').length, 1);
  });

  it('stays in use where the server does not register anew', async () => {
    const house = await open();
    const alice = new Person(house);
    await alice.begin();
    await alice.begin();
    scripted.register = { status: 403, body: { error: 'access_denied' } };
    const { url } = await alice.begin();
    assert.equal(scripted.at('/register').length, 2);
    assert.equal(url.searchParams.get('client_id'), 'scripted-client');
    assert.equal(house.log.matching(/old client/).length, 1);
  });
});

describe('a client that needs no registration', () => {
  it('is the configured one, with its secret', async () => {
    const client = {
      client_id: 'ours',
      client_secret: 'our-secret',
      redirect_uris: [CALLBACK],
      application_type: 'native' as const,
      grant_types: ['authorization_code', 'refresh_token'],
    };
    const as = await realServer({ clients: [client], registration: false });
    const house = await open({ issuer: as.issuer, oauth: { clientId: 'ours', clientSecret: 'our-secret' } });
    await new Person(house).connect();
    assert.equal(as.counts('register'), 0);
    assert.equal(as.seen.find(({ endpoint }) => endpoint === 'token')?.clientId, 'ours');
  });

  it('is a configured one for the configured authorization server alone', async () => {
    const oauth = { clientId: 'ours', clientSecret: 'our-secret', issuer: 'https://elsewhere.example' };
    const house = await open({ oauth });
    await loginError(new Person(house).begin(), 'metadata_rejected');
    assert.deepEqual(scripted.asked, []);
    // Whatever discovery lets through.
    const { clients, discovered } = clientsOf(house);
    const rest = { redirectUri: CALLBACK, publicBase: PUBLIC_BASE, fetch: oauthFetch(house.server) };
    await loginError(identify(clients, { server: house.server, discovered, ...rest }), 'metadata_rejected');
  });

  it('proves itself with nothing where it has no secret, whatever the server lists', () => {
    for (const supported of [undefined, ['client_secret_post'], ['none']]) {
      const registered = readRegistration(201, '{"client_id":"c"}', supported);
      assert.equal('client' in registered && registered.client.authMethod, 'none');
    }
  });

  it('is a configured document where the server reads such, and else it is not', async () => {
    const clientMetadataUrl = 'https://example.org/client.json';
    const house = await open({ oauth: { clientMetadataUrl } });
    scripted.metadata = { client_id_metadata_document_supported: true };
    const alice = new Person(house);
    const { url } = await alice.begin();
    assert.equal(url.searchParams.get('client_id'), clientMetadataUrl);
    await alice.complete(answerTo(url));
    assert.equal(scripted.at('/token')[0]?.body.client_id, clientMetadataUrl);
    scripted.metadata = {};
    assert.equal((await alice.begin()).url.searchParams.get('client_id'), 'scripted-client');
  });

  it('is our own document where it can be read from elsewhere and holds the redirect URI', async () => {
    scripted.metadata = { client_id_metadata_document_supported: true };
    const publicBase = 'https://tools.example.org/gate';
    const house = await open({ publicBase });
    const { url } = await new Person(house).begin();
    const id = url.searchParams.get('client_id');
    assert.equal(id, 'https://tools.example.org/gate/oauth/notes/client-metadata.json');
    const document = clientDocument(publicBase, house.server);
    assert.equal(document.client_id, id);
    assert.deepEqual(document.redirect_uris, [url.searchParams.get('redirect_uri')]);
    assert.deepEqual(scripted.at('/register'), []);
    await new Person(house).begin({ redirectUri: 'http://127.0.0.1:3030/callback' });
    for (const base of ['https://localhost:8443', 'http://tools.example.org']) {
      await new Person(await open({ publicBase: base })).begin();
    }
    assert.equal(scripted.at('/register').length, 3);
  });
});
