/** The comparisons, each with its contenders, latchkey first, and the bars that latchkey has to clear. */
import { caller, findMcpo, program, startLatchkey, startMcpo, startProgram, startUpstream } from './contenders.ts';
import { startAnonymous, startLarge, startPersonal } from './documents.ts';
import { startMcpHttp, startMcpStdio } from './mcp.ts';
import type { Contender } from './measure.ts';
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
/** Three times the time of a static file. */
const STATIC: Bar = { against: 'bare', throughput: 1 / 3 };

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
    bars: [STATIC],
    start: startLarge,
  },
  {
    id: 'document-anonymous',
    title: 'OpenAPI document of 6 servers, one with logins, for nobody in particular',
    bars: [STATIC],
    start: startAnonymous,
  },
  {
    id: 'document-personal',
    title: 'The same for a person who has connected an account there',
    bars: [STATIC],
    start: startPersonal,
  },
  {
    id: 'mcp-http-json',
    title: 'MCP to an HTTP server that answers JSON',
    bars: [BARE],
    start: (processes, nodeArgs) => startMcpHttp(processes, nodeArgs, 'session-json'),
  },
  {
    id: 'mcp-http-stream',
    title: 'MCP to an HTTP server that answers an event stream',
    bars: [BARE],
    start: (processes, nodeArgs) => startMcpHttp(processes, nodeArgs, 'session-stream'),
  },
  {
    id: 'mcp-stdio',
    title: 'MCP to a stdio server',
    bars: [{ against: 'bare', throughput: 0.5 }],
    start: startMcpStdio,
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
