/** Logins over sealed stores, stores that fail, and what is left to be swept. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { digest } from '../../src/identity/compare.ts';
import { type Flow, flowId } from '../../src/oauth/flow.ts';
import { Cipher } from '../../src/storage/cipher.ts';
import { sealedStore } from '../../src/storage/sealed.ts';
import { openDatabase } from '../../src/storage/sqlite.ts';
import { openStore, type Store } from '../../src/storage/store.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';
import { type House, type HouseOptions, openHouse, Person } from './login-person.ts';
import { answerTo, type ScriptedServer, startScriptedServer, TOKENS } from './login-scripted-server.ts';

describe('a login over a store', () => {
  let scripted: ScriptedServer;
  let folder: string;
  const houses: House[] = [];
  const open = async (options: Partial<HouseOptions> = {}): Promise<House> => {
    const house = await openHouse({ issuer: scripted.issuer, ...options });
    houses.push(house);
    return house;
  };
  const sealed = (plain: Store): Store => sealedStore(plain, new Cipher('s'.repeat(32), []), new MemoryLog());

  before(async () => {
    scripted = await startScriptedServer();
    folder = await mkdtemp(join(tmpdir(), 'latchkey-logins-'));
  });

  after(async () => {
    await Promise.all(houses.map((house) => house.close()));
    await scripted.close();
    await rm(folder, { recursive: true });
  });

  it('that is sealed and in a file goes on after a restart, with the same client', async () => {
    const uri = `sqlite:${join(folder, 'restart.db')}`;
    const first = sealed(openStore(uri));
    const house = await open({ store: first });
    const alice = new Person(house);
    const { url } = await alice.begin();
    await house.logins.close();
    await first.close();
    const second = sealed(openStore(uri));
    const restarted = await open({ store: second });
    const request = { server: house.server, query: answerTo(url), cookies: alice.cookies, owner: alice.owner };
    await restarted.logins.complete(request);
    assert.equal(await restarted.logins.connection(house.server, alice.owner).token(), TOKENS.access_token);
    const again = await restarted.logins.begin(house.server, alice.owner, { bound: true, returnTo: '/' });
    assert.equal(again.url.searchParams.get('client_id'), url.searchParams.get('client_id'));
    assert.equal(scripted.at('/register').length, 1);
    await restarted.logins.close();
    await second.close();
  });

  it('that fails says so, and not that the login has expired', async () => {
    const file = join(folder, 'broken.db');
    const store = openStore(`sqlite:${file}`);
    const house = await open({ store });
    const alice = new Person(house);
    const { url } = await alice.begin();
    const vandal = openDatabase(file);
    vandal.exec('DROP TABLE keyv');
    vandal.close();
    await assert.rejects(alice.complete(answerTo(url)), { code: 'storage_failed' });
    await assert.rejects(alice.begin(), { code: 'storage_failed' });
    await store.close();
  });

  it('leaves nothing behind once it has expired', async () => {
    const plain = openStore('memory');
    const house = await open({ store: plain });
    const { url } = await new Person(house).begin();
    const flows = plain.table<Flow>('flows');
    const id = flowId(url.searchParams.get('state') ?? '');
    await flows.set(id, (await flows.get(id)) as Flow, 1);
    await until(async () => (await flows.get(id)) === undefined);
    const ticket = await house.logins.issueTicket(house.server, { owner: 'openwebui:alice', label: 'Alice' });
    const tickets = plain.table<unknown>('tickets');
    const row = digest(ticket).toString('base64url');
    await tickets.set(row, await tickets.get(row), -1);
    await house.logins.sweep(new Map([[house.server.name, house.server]]));
    for (const table of [flows, tickets]) assert.deepEqual(await table.sweep(10), []);
  });
});
