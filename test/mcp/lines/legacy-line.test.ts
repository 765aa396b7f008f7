/** The way of one session to one server, where there is no room, no server, or no answer. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { pino } from 'pino';
import { ANONYMOUS } from '../../../src/identity/principal.ts';
import { LegacyLine } from '../../../src/mcp/lines/legacy-line.ts';
import type { LineHost } from '../../../src/mcp/lines/line-host.ts';
import { Transports } from '../../../src/mcp/lines/transports.ts';
import { KnownServer } from '../../../src/mcp/login/known-server.ts';
import { LoginStates } from '../../../src/mcp/login/login-state.ts';
import { ChildSlots } from '../../../src/upstream/child-slots.ts';
import { ask } from '../../../src/upstream/peer/ask.ts';
import { type Message, notificationMessage, requestMessage } from '../../../src/upstream/peer/message.ts';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import { ChildRecord, childEndpoint, configuration } from '../../helpers/configs.ts';

const CAPABLE = { protocolVersion: '2025-11-25', capabilities: { roots: {} }, clientInfo: { name: 't', version: '1' } };

let app: RunningApp;
let record: ChildRecord;
let host: LineHost;
const lines: LegacyLine[] = [];

beforeEach(async () => {
  record = new ChildRecord();
  const { command, args } = childEndpoint({ record: record.file });
  app = await startApp({ mcpServers: { child: { command, args, timeout: 5 } } });
  const log = pino({ level: 'silent' });
  host = {
    gateway: app.gateway,
    log,
    transports: new Transports(),
    children: new ChildSlots({ most: 1, mostPerPrincipal: 1 }),
    states: new LoginStates(app.gateway.sealed, log),
    howToName: '',
    onCall: () => undefined,
    known: (server) => new KnownServer(server),
  };
});
afterEach(async () => {
  for (const line of lines.splice(0)) await line.close();
  await host.transports.close();
  await app.close();
  record.remove();
});

async function begin(): Promise<LegacyLine> {
  const options = {
    server: 'child',
    caller: { principal: ANONYMOUS, elsewhere: new Map(), hasBrowser: false },
    children: { count: 0 },
    makeRoom: () => false,
    onClose: () => undefined,
  };
  const line = new LegacyLine(host, options, { onMessage: () => undefined, onClosed: () => undefined });
  lines.push(line);
  const answer = await ask(line, requestMessage('init', 'initialize', CAPABLE), { ms: 20_000 });
  assert.equal(answer.result?.protocolVersion, '2025-11-25');
  line.send(notificationMessage('notifications/initialized'));
  return line;
}

const call = (line: LegacyLine, name: string, args = {}): Promise<Message> =>
  ask(line, requestMessage(name, 'tools/call', { name, arguments: args }), { ms: 20_000 });

const textOf = ({ result }: Message): unknown => (result?.content as { text: unknown }[] | undefined)?.[0]?.text;

test('a client that could be asked shares a process where there is no room for its own', async () => {
  const [first, second, third] = [await begin(), await begin(), await begin()];
  const pids = await Promise.all([first, second, third].map(async (line) => textOf(await call(line, 'pid'))));
  assert.notEqual(pids[0], pids[1]);
  assert.equal(pids[1], pids[2]);
  assert.equal(host.children.size, 1);
  await first.close();
  assert.equal(host.children.size, 0);
});

test('a call ends in time, and the server is told to give it up', async () => {
  const line = await begin();
  await assert.rejects(call(line, 'slow', { ms: 60_000 }), { code: 'call_timeout' });
  assert.equal(textOf(await call(line, 'cancelled')), '["slow"]');
});

test('a server that is gone from the configuration is not called any more', async () => {
  const line = await begin();
  await app.gateway.apply(configuration());
  line.reopen();
  await assert.rejects(call(line, 'pid'), /not configured/);
});
