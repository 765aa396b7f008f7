/** Event streams with processes of their own: whose entry goes meanwhile, and how many there may be. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pino } from 'pino';
import { ANONYMOUS } from '../../../src/identity/principal.ts';
import { Allowances } from '../../../src/mcp/allowances.ts';
import { McpEndpoints } from '../../../src/mcp/endpoints.ts';
import { type Bridged, Bridges } from '../../../src/mcp/lines/bridges.ts';
import { Transports } from '../../../src/mcp/lines/transports.ts';
import { KnownServer } from '../../../src/mcp/login/known-server.ts';
import { LoginStates } from '../../../src/mcp/login/login-state.ts';
import { SessionRegistry } from '../../../src/mcp/session/registry.ts';
import { ChildSlots } from '../../../src/upstream/child-slots.ts';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { commandEndpoint, configuration, serverConfig } from '../../helpers/configs.ts';
import { until } from '../../helpers/wait.ts';
import { Pids, strict } from '../../http/acehoss/sse-servers.ts';

const CALLER = { principal: ANONYMOUS, elsewhere: new Map(), hasBrowser: false };
const LIMITS = { idleMs: 60_000, startMs: 10_000, most: 10, mostPerPrincipal: 10 };
const LOG = pino({ level: 'silent' });

let pids: Pids;
let app: RunningApp;
let found: Bridged;

beforeEach(async () => {
  pids = new Pids();
  app = await startApp({ servers: { one: strict(pids.flag) } });
  const server = app.gateway.servers.get('one');
  assert.ok(server?.config.endpoint.kind === 'stdio');
  found = { server, endpoint: server.config.endpoint };
});
afterEach(async () => {
  await app.close();
  pids.remove();
});

describe('the entry of an event stream', () => {
  let endpoints: McpEndpoints;
  beforeEach(() => {
    const { gateway } = app;
    endpoints = new McpEndpoints({
      gateway,
      log: LOG,
      howToName: '',
      onCall: () => undefined,
      limits: LIMITS,
    });
  });
  afterEach(() => endpoints.close());

  const { command, args } = strict('--changed');
  const other = configuration(serverConfig({ name: 'one', endpoint: commandEndpoint(command, args) }));
  const open = async () => await endpoints.bridge(CALLER, found);

  for (const [what, next, refusal] of [
    ['is removed', configuration(), { code: 'not_found', status: 404 }],
    ['is changed', other, { code: 'server_unavailable', status: 503, headers: { 'retry-after': '1' } }],
  ] as const) {
    it(`that ${what} before the stream begins starts nothing`, async () => {
      await app.gateway.apply(next);
      await assert.rejects(open(), refusal);
      assert.deepEqual([endpoints.sessions.size, pids.all()], [0, []]);
    });

    it(`that ${what} while its process starts keeps nothing`, async () => {
      const opening = assert.rejects(open(), refusal);
      assert.equal(endpoints.sessions.size, 1);
      await app.gateway.apply(next);
      await opening;
      assert.equal(endpoints.sessions.size, 0);
      await until(() => pids.running().length === 0);
    });
  }
});

it('event streams are as many as there are slots, whatever holds for other sessions', async (t) => {
  const sessions = new SessionRegistry({ most: 1, mostPerPerson: 1 });
  const host = {
    gateway: app.gateway,
    log: LOG,
    transports: new Transports(),
    children: new ChildSlots({ most: 3, mostPerPrincipal: 2 }),
    states: new LoginStates(app.gateway.sealed, LOG),
    howToName: '',
    onCall: () => undefined,
    known: (server: Bridged['server']) => new KnownServer(server),
  };
  t.after(async () => {
    await sessions.close();
    await host.transports.close();
  });
  const bridges = new Bridges(host, sessions, new Allowances());
  const as = (id: string) => ({ ...CALLER, principal: { ...ANONYMOUS, id } });
  await bridges.open(as('ann'), found);
  await bridges.open(as('ann'), found);
  await assert.rejects(bridges.open(as('ann'), found), { code: 'too_many_sessions', status: 429 });
  await bridges.open(as('ben'), found);
  await assert.rejects(bridges.open(as('ben'), found), { code: 'too_many_sessions', status: 503 });
  assert.equal(sessions.size, 3);
});
