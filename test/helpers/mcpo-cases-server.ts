/** An MCP server on stdin and stdout that offers one list of `mcpo-cases.ts` and answers what the caller asks it to. */
import { createInterface } from 'node:readline';
import { CASES } from './mcpo-cases.ts';

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
}

type Answer = { readonly result: unknown } | { readonly error: unknown };

const [set = 'calls'] = process.argv.slice(2);
const tools = CASES[set] ?? [];

const INFO: Readonly<Record<string, unknown>> = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: {} },
  serverInfo: { name: `cases of ${set}`, version: '3.2.1' },
  ...(set === 'calls' ? { instructions: 'Call wisely.' } : {}),
};

function answer(method: string, params: Record<string, unknown>): Answer {
  switch (method) {
    case 'initialize':
      return { result: INFO };
    case 'ping':
      return { result: {} };
    case 'tools/list':
      return list(params.cursor);
    case 'tools/call':
      return call(String(params.name), (params.arguments ?? {}) as Record<string, unknown>);
    default:
      return { error: { code: -32601, message: `Unknown method ${method}` } };
  }
}

function list(cursor: unknown): Answer {
  if (set === 'unlisted') return { error: { code: -32601, message: 'Method not found' } };
  if (set !== 'paged') return { result: { tools } };
  const at = Number(cursor ?? 0);
  const more = at + 1 < tools.length ? { nextCursor: String(at + 1) } : {};
  return { result: { tools: tools.slice(at, at + 1), ...more } };
}

function call(name: string, args: Record<string, unknown>): Answer {
  if (name.startsWith('answer')) return { result: args.result };
  if (name === 'fail') {
    if (args.code === 0) process.exit(1);
    const { code, message = 'Failed', data } = args;
    return { error: { code, message, ...(data === undefined ? {} : { data }) } };
  }
  if (name === 'noargs_typed') {
    return { result: { content: text('{"n":1,"s":null,"z":1}'), structuredContent: { n: 1 } } };
  }
  return { result: { content: text(JSON.stringify({ tool: name, args })) } };
}

function text(value: string): unknown {
  return [{ type: 'text', text: value }];
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params = {} } = JSON.parse(line) as Message;
  if (id === undefined || method === undefined) continue;
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer(method, params) })}\n`);
}
