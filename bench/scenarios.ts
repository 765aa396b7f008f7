/** The four comparisons, each with its contenders, latchkey first, and the bars that latchkey has to clear. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, caller, findMcpo, program, startLatchkey, startMcpo, startProgram } from './contenders.ts';
import { type Contender, ready } from './measure.ts';
import type { ScenarioId } from './options.ts';
import type { Processes } from './processes.ts';

/** Throughput: latchkey's over the other's, at least; cpu: latchkey's over the other's for one call, at most. */
export interface Bar {
  readonly against: 'bare' | 'mcpo';
  readonly throughput: number;
  readonly cpu?: number;
}

export interface Scenario {
  readonly id: ScenarioId;
  readonly title: string;
  readonly bars: readonly Bar[];
  start(processes: Processes, nodeArgs: readonly string[]): Promise<readonly Contender[]>;
}

const MCPO = findMcpo();
const BARE: Bar = { against: 'bare', throughput: 0.6, cpu: 1.6 };

export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'http-json',
    title: 'Call, HTTP server that answers JSON',
    bars: [BARE, { against: 'mcpo', throughput: 15 }],
    start: (processes, nodeArgs) => startHttp(processes, nodeArgs, 'json', true),
  },
  {
    id: 'http-stream',
    title: 'Call, HTTP server that answers an event stream',
    bars: [BARE],
    start: (processes, nodeArgs) => startHttp(processes, nodeArgs, 'stream', false),
  },
  {
    id: 'stdio',
    title: 'Call, stdio server',
    bars: [
      { against: 'bare', throughput: 0.5 },
      { against: 'mcpo', throughput: 5 },
    ],
    start: startStdio,
  },
  {
    id: 'document',
    title: 'OpenAPI document of 1,000 tools',
    // Three times the time of a static file.
    bars: [{ against: 'bare', throughput: 1 / 3 }],
    start: startDocument,
  },
];

async function startHttp(
  processes: Processes,
  nodeArgs: readonly string[],
  path: 'json' | 'stream',
  withMcpo: boolean,
): Promise<readonly Contender[]> {
  const { origin } = await startUpstream(processes);
  const url = `${origin}/${path}`;
  const latchkey = await startLatchkey(processes, { type: 'streamable-http', url }, nodeArgs);
  const bare = await startProgram(processes, 'bare-http', url);
  const contenders = [caller('latchkey', latchkey), caller('bare translator', bare)];
  if (withMcpo && MCPO !== undefined) {
    contenders.push(await startMcpo(processes, MCPO, ['--type', 'streamable-http', '--', url]));
  }
  return contenders;
}

async function startStdio(processes: Processes, nodeArgs: readonly string[]): Promise<readonly Contender[]> {
  const [command, ...args] = program('stdio-server');
  const latchkey = await startLatchkey(processes, { command, args }, nodeArgs);
  const bare = await startProgram(processes, 'bare-stdio', command, ...args);
  const contenders = [caller('latchkey', latchkey), caller('bare translator', bare)];
  if (MCPO !== undefined) contenders.push(await startMcpo(processes, MCPO, ['--', command, ...args]));
  return contenders;
}

async function startDocument(processes: Processes, nodeArgs: readonly string[]): Promise<readonly Contender[]> {
  const upstream = await startUpstream(processes);
  const entry = { type: 'streamable-http', url: `${upstream.origin}/many` };
  const latchkey = await startLatchkey(processes, entry, nodeArgs);
  await ready(caller('latchkey', latchkey), () => processes.tail(latchkey.pid));
  const expected = await (await fetch(`${latchkey.origin}/openapi.json`)).text();
  const file = join(processes.folder, 'openapi.json');
  writeFileSync(file, expected);
  const inMemory = await startProgram(processes, 'static-file', file, 'memory');
  const fromDisk = await startProgram(processes, 'static-file', file, 'disk');
  const reader = (name: string, { pid, origin }: Address): Contender => {
    return { name, pid, target: { url: `${origin}/openapi.json`, headers: {}, expected } };
  };
  return [
    reader('latchkey', latchkey),
    reader('bare static file, from memory', inMemory),
    reader('static file, read each time', fromDisk),
  ];
}

/** The MCP server that all contenders of a scenario share. */
async function startUpstream(processes: Processes): Promise<Address> {
  const upstream = await startProgram(processes, 'http-server');
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  const target = {
    url: `${upstream.origin}/json`,
    headers: {},
    body,
    expected: '{"jsonrpc":"2.0","id":1,"result":{}}',
  };
  await ready({ name: 'the HTTP server', pid: upstream.pid, target }, () => processes.tail(upstream.pid));
  return upstream;
}
