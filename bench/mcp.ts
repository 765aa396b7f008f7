/** Contenders that carry MCP from clients to a server: latchkey, and relays that do nothing else. */
import { type Address, KEY, program, startLatchkey, startProgram, startUpstream } from './contenders.ts';
import type { Contender } from './measure.ts';
import type { Processes } from './processes.ts';
import { ANSWER, ARGUMENTS, TOOL } from './servers/tools.ts';

/** A server over HTTP that keeps sessions, and answers at `path` in its own way. */
export async function startMcpHttp(
  processes: Processes,
  nodeArgs: readonly string[],
  path: 'session-json' | 'session-stream',
): Promise<readonly Contender[]> {
  const { origin } = await startUpstream(processes);
  const url = `${origin}/${path}`;
  const latchkey = await startLatchkey(processes, { type: 'streamable-http', url }, nodeArgs);
  const bare = await startProgram(processes, 'bare-mcp-http', url);
  return [client('latchkey', latchkey), client('bare relay', bare)];
}

/** One child for all sessions, on both sides. */
export async function startMcpStdio(processes: Processes, nodeArgs: readonly string[]): Promise<readonly Contender[]> {
  const [command, ...args] = program('stdio-server');
  const latchkey = await startLatchkey(processes, { command, args }, nodeArgs);
  const bare = await startProgram(processes, 'bare-mcp-stdio', command, ...args);
  return [client('latchkey', latchkey), client('bare relay', bare)];
}

/** A client that calls the one tool, again and again. */
function client(name: string, { pid, origin }: Address): Contender {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${KEY}`,
  };
  const params = { name: TOOL, arguments: ARGUMENTS };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const expected = JSON.stringify({ content: [{ type: 'text', text: ANSWER }] });
  return { name, pid, target: { url: `${origin}/mcp`, headers, body, expected, inSessions: true } };
}
