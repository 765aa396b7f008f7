/**
 * A small stdio MCP server without any library, so that hundreds can be started: it answers nothing but `ping` before the
 * handshake is over, as servers of the Python SDK do. Flags: `--lenient` (no handshake needed), `--banner` (text on stdout first),
 * `--mute` (never answers), `--record=<file>` (its process id is added to that file); all others are ignored.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const flags = process.argv.slice(2);
const record = flags.find((flag) => flag.startsWith('--record='))?.slice('--record='.length);
const LAST_WORDS_MS = 300;
const HALF_CHARACTER_MS = 20;

let isOpen = flags.includes('--lenient');
let count = 0;
let nextId = 1;
/** Calls of `hold` that wait, by their ids. */
const held = new Map();
const cancelled = [];
/** Questions to the client, by their ids. */
const asked = new Map();

const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const text = (value) => ({ content: [{ type: 'text', text: String(value) }] });

/**
 * Each gets the arguments of the call, its id and its line. What it returns is the result; `undefined`: it has answered by itself,
 * or never will.
 */
const TOOLS = {
  pid: () => text(process.pid),
  cwd: () => text(process.cwd()),
  argv: () => text(JSON.stringify(process.argv.slice(2))),
  env: ({ name }) => text(process.env[name] ?? ''),
  echo: (args) => text(JSON.stringify(args ?? null)),
  count: () => text(++count),
  empty: () => ({}),
  refuse: () => ({ ...text('refused'), isError: true }),
  fail: (_args, id) => {
    write({ id, error: { code: -32602, message: 'failed', data: { why: 'asked to' } } });
  },
  structured: () => ({ ...text('{"n":1}'), structuredContent: { n: 1 } }),
  cancelled: () => text(JSON.stringify(cancelled)),
  die: () => process.exit(1),
  stderr: (args) => {
    process.stderr.write(`${args.text}\n`);
    return text('written');
  },
  /** Answered by a call of `release`. */
  hold: ({ key }, id) => {
    held.set(id, key);
  },
  release: () => {
    for (const [id, key] of held) write({ id, result: text(key) });
    held.clear();
    return text('released');
  },
  holding: () => text(held.size),
  slow: async ({ ms }) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return text('at last');
  },
  /** The answer holds what the client has said. */
  ask: async ({ method, params }) => {
    const id = `question-${nextId++}`;
    const answered = new Promise((resolve) => asked.set(id, resolve));
    write({ id, method, params: params ?? {} });
    return text(JSON.stringify(await answered));
  },
  notify: () => {
    write({ method: 'notifications/message', params: { level: 'info', data: 'on the way' } });
    return text('notified');
  },
  noise: () => {
    process.stdout.write('not json\n\n{"half":\n42\n{"some":"thing"}\n');
    return text('after the noise');
  },
  /** What came, word for word. */
  verbatim: (_args, id, line) => {
    process.stdout.write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[],"came":${line}}}\n`);
  },
  /** The bytes of one character come in two writes. */
  split: async (_args, id) => {
    const line = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, result: text('Zürich 東京 😀') })}\n`);
    const middle = line.indexOf('😀') + 2;
    process.stdout.write(line.subarray(0, middle));
    await new Promise((resolve) => setTimeout(resolve, HALF_CHARACTER_MS));
    process.stdout.write(line.subarray(middle));
  },
  /** From here on it writes all the time, and for a while after it was told to end. */
  chatter: () => {
    process.once('SIGTERM', () => setTimeout(() => process.exit(0), LAST_WORDS_MS));
    setInterval(() => write({ method: 'notifications/message', params: { level: 'info', data: 'chatter' } }), 1);
    return text('chattering');
  },
};

async function call(id, { name, arguments: args }, line) {
  const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  if (tool === undefined) return write({ id, error: { code: -32602, message: `Unknown tool: ${name}` } });
  const result = await tool(args, id, line);
  if (result !== undefined) write({ id, result });
}

function request(id, method, params, line) {
  if (method === 'initialize') return write({ id, result: welcome(params) });
  if (method === 'ping') return write({ id, result: {} });
  if (!isOpen) return write({ id, error: { code: -32602, message: 'Invalid request parameters', data: '' } });
  if (method === 'tools/list') return write({ id, result: { tools: Object.keys(TOOLS).map(described) } });
  if (method === 'tools/call') return void call(id, params, line);
  return write({ id, error: { code: -32601, message: 'Method not found' } });
}

function welcome({ protocolVersion }) {
  return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'strict', version: '1.0.0' } };
}

function described(name) {
  return { name, description: `Tool ${name}`, inputSchema: { type: 'object' } };
}

function notified(method, params) {
  if (method === 'notifications/initialized') isOpen = true;
  if (method !== 'notifications/cancelled' || !held.has(params.requestId)) return;
  cancelled.push(held.get(params.requestId));
  held.delete(params.requestId);
}

function receive(line) {
  const { id, method, params = {}, result, error } = JSON.parse(line);
  if (method === undefined) asked.get(id)?.(result ?? error);
  else if (id === undefined) notified(method, params);
  else request(id, method, params, line);
}

if (record !== undefined) appendFileSync(record, `${process.pid}\n`);
if (flags.includes('--banner')) process.stdout.write('Strict server 1.0\nReady.\n');
const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
lines.on('line', (line) => {
  if (!flags.includes('--mute')) receive(line);
});
lines.on('close', () => {
  // One that chatters has its own end.
  if (process.listenerCount('SIGTERM') === 0) process.exit(0);
});
