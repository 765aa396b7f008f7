/** What the pages say of a connection, and in which order servers stand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectionStatus } from '../../src/oauth/model.ts';
import type { Server } from '../../src/upstream/server.ts';
import { type ConnectionFacts, connectionModel, serverModel, serverModels } from '../../src/web/models.ts';

const NOW = Date.UTC(2026, 0, 31, 13, 42);
const SOON = NOW + 23 * 60_000;
const FACTS: ConnectionFacts = { connectUrl: '/oauth/a/authorize', shared: false };
const SHARED: ConnectionFacts = { ...FACTS, shared: true };

const model = (status: ConnectionStatus | undefined, facts = FACTS) => connectionModel(status, facts, NOW);
const live = (more: object = {}): ConnectionStatus => ({ state: 'connected', ...more });

/** As much of a server as the pages look at. */
function server(name: string, state: string, tools?: number): Server {
  const catalog = tools === undefined ? undefined : { tools: Array.from({ length: tools }) };
  return { name, state: { state }, catalog } as unknown as Server;
}

describe('connectionModel', () => {
  it('puts each state into words, and says what connecting means', () => {
    const words = (status: ConnectionStatus | undefined, facts = FACTS) => model(status, facts).words;
    assert.equal(words(undefined), 'Sign in to see your connection');
    assert.equal(words({ state: 'needs-login' }), 'Not connected: connect your account to use it');
    assert.equal(words({ state: 'expired' }), 'Your sign-in has ended: connect again');
    assert.equal(words(live()), 'Connected');
    assert.equal(words(live({ wantedScope: 'a' })), 'Needs more rights: connect again');
    assert.match(model({ state: 'needs-login' }).hint ?? '', /only for your calls/);
    assert.match(model(live({ wantedScope: 'a' })).hint ?? '', /rights that this sign-in does not have/);
    assert.equal(model(live()).hint, undefined);
  });

  it('says on a server with one login that it serves everyone', () => {
    for (const status of [live(), { state: 'needs-login' as const }, { state: 'expired' as const }]) {
      const { hint, words } = model(status, SHARED);
      assert.match(hint ?? '', /everyone who may use this gateway/);
      assert.doesNotMatch(`${hint} ${words}`, /your calls|Your sign-in/);
    }
  });

  it('needs the person unless it is connected with all the rights that were asked for', () => {
    const needs = [
      undefined,
      { state: 'needs-login' as const },
      { state: 'expired' as const },
      live(),
      live({ wantedScope: 'a' }),
    ];
    assert.deepEqual(
      needs.map((status) => model(status).needsPerson),
      [true, true, true, false, true],
    );
  });

  it('tells how long a sign-in lasts', () => {
    const { lasts, expires } = model(live({ renews: true, expiresAt: SOON }));
    assert.deepEqual(
      [lasts, expires?.words, expires?.left],
      ['Renews by itself, next by', '14:05 UTC', 'in 23 minutes'],
    );
    assert.equal(model(live({ renews: false, expiresAt: SOON })).lasts, 'Until');
    assert.deepEqual([model(live()).lasts, model(live()).expires], ['Until the provider ends it', undefined]);
    assert.equal(model({ state: 'expired', expiresAt: SOON }).lasts, undefined);
  });

  it('takes a passed end for the end, unless the sign-in renews by itself', () => {
    assert.equal(model(live({ expiresAt: NOW })).state, 'expired');
    const renewing = model(live({ renews: true, expiresAt: NOW - 1 }));
    assert.deepEqual([renewing.state, renewing.lasts, renewing.expires], ['connected', 'Renews by itself', undefined]);
  });

  it('survives an end that is no date', () => {
    assert.equal(model(live({ expiresAt: 1e300 })).lasts, 'Until the provider ends it');
  });

  it('tells the page what the page shows, and nothing else that it was told', () => {
    const facts = { ...FACTS, isDown: true, isFromChat: true, more: 'secret' };
    assert.deepEqual(Object.keys(model(live(), facts)).sort(), [
      ...['connectUrl', 'disconnectUrl', 'inChat', 'lasts', 'needsPerson', 'shared', 'state', 'tools', 'words'],
    ]);
  });

  it('shows rights of a live sign-in only, and the addresses as they were given', () => {
    const facts = { ...FACTS, disconnectUrl: '/oauth/a/disconnect', tools: 2 };
    const shown = model(live({ scope: 'r', wantedScope: 'w' }), facts);
    assert.deepEqual(
      [shown.scope, shown.wantedScope, shown.disconnectUrl, shown.tools],
      ['r', 'w', '/oauth/a/disconnect', 2],
    );
    const ended = model({ state: 'expired', scope: 'r', wantedScope: 'w' });
    assert.deepEqual([ended.scope, ended.wantedScope], [undefined, undefined]);
  });
});

describe('serverModel with a connection', () => {
  const words = (state: string, status: ConnectionStatus | undefined, facts: ConnectionFacts, tools?: number) =>
    serverModel(server('a', state, tools), '/', false, model(status, facts)).words;

  it("shows the person's connection and the person's own number of tools, never what others have there", () => {
    assert.equal(words('personal', live(), { ...FACTS, tools: 3 }, 99), 'Connected, 3 tools');
    assert.equal(words('personal', live(), FACTS, 99), 'Connected');
    assert.equal(
      words('personal', { state: 'expired' }, { ...FACTS, tools: 3 }),
      'Your sign-in has ended: connect again',
    );
    assert.equal(serverModel(server('a', 'personal', 99), '/', false, model(live())).tools, null);
  });

  it('shows the state of a server with one login once that login is there', () => {
    assert.equal(words('ready', live(), SHARED, 9), 'Ready, 9 tools');
    assert.equal(words('failed', live(), SHARED), 'Not available; latchkey keeps trying');
    assert.equal(words('needs-login', { state: 'needs-login' }, SHARED), 'Not connected: waiting for a login');
    assert.equal(words('needs-login', live(), SHARED), 'Connected');
  });

  it('has words where no connection can be shown', () => {
    assert.equal(serverModel(server('a', 'needs-login'), '/', false).words, 'Waiting for a login');
    assert.equal(serverModel(server('a', 'personal'), '/', false).words, 'Each person connects their own account');
    assert.equal(serverModel(server('a', 'personal', 99), '/', false).tools, null);
  });
});

describe('serverModels', () => {
  it('puts servers that wait for the person first, and keeps the order of the configuration otherwise', () => {
    const states = {
      open: 'ready',
      one: 'personal',
      done: 'personal',
      all: 'needs-login',
      two: 'personal',
      down: 'failed',
    };
    const servers = new Map(Object.entries(states).map(([name, state]) => [name, server(name, state)]));
    const connections = new Map([
      ['one', model({ state: 'expired' })],
      ['done', model(live())],
      ['two', model(live({ wantedScope: 'w' }))],
    ]);
    const names = serverModels({ servers }, '/', false, connections).map(({ name }) => name);
    assert.deepEqual(names, ['one', 'all', 'two', 'open', 'done', 'down']);
  });

  it('sends people to their chat where they can sign in nowhere else', () => {
    const { state, words, hint, inChat } = model(undefined, { ...FACTS, isFromChat: true });
    assert.deepEqual([state, inChat], ['sign-in-first', true]);
    assert.match(`${words} ${hint}`, /chat.*link/);
    assert.equal(model({ state: 'needs-login' }, { ...FACTS, isFromChat: true }).inChat, false);
    assert.equal(model(undefined).inChat, false);
  });
});
