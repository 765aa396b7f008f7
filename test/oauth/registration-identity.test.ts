/** Clients that the authorization server has forgotten, and clients that need no registration. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { clientDocument } from '../../src/oauth/client-document.ts';
import { identify } from '../../src/oauth/client-identity.ts';
import { Clients } from '../../src/oauth/clients.ts';
import { oauthFetch } from '../../src/oauth/fetch.ts';
import type { Discovered } from '../../src/oauth/model.ts';
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
