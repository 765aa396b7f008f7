/** A stdio MCP server as a process of its own; the JSON in its first argument (`ChildOptions`) says how it misbehaves. */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Message, type OwnTools, TestServer, type TestServerOptions } from './test-server.ts';
import { type Json, type ToolResult, textResult } from './toolset.ts';

export interface ChildOptions extends TestServerOptions {
  /** Before anything else; `die` writes last words without a newline. */
  readonly atStart?: 'die';
  /** What happens to `initialize`. */
  readonly onInitialize?: 'hang' | 'die';
  /** Each event is appended to this file as one JSON line, so that it outlives the process. */
  readonly record?: string;
  readonly ignoreSigterm?: boolean;
  /** Stay when stdin ends. */
  readonly ignoreStdinEnd?: boolean;
  /** Starts a process that would live for an hour and that holds stdout and stderr open. */
  readonly grandchild?: boolean;
  /** Banner, empty lines, half JSON and other garbage between the answers. */
  readonly noise?: boolean;
  /** Writes each answer byte by byte. */
  readonly splitWrites?: boolean;
}

export type ChildEvent =
  | { readonly event: 'start'; readonly pid: number; readonly grandchild?: number }
  | { readonly event: 'message'; readonly method: string; readonly params: Json };

const options = JSON.parse(process.argv[2] ?? '{}') as ChildOptions;

function note(event: ChildEvent): void {
  if (options.record !== undefined) appendFileSync(options.record, `${JSON.stringify(event)}\n`);
}

function write(text: string): void {
  if (options.splitWrites !== true) {
    process.stdout.write(text);
    return;
  }
  for (const byte of Buffer.from(text)) process.stdout.write(Buffer.of(byte));
}

function send(message: Json): void {
  if (options.noise === true)
    write('not json\n\n{"jsonrpc":"2.0","id":\n[1,2]\n42\n{"jsonrpc":"2.0","id":999,"result":{}}\r\n');
  write(`${JSON.stringify(message)}\n`);
}

/** Tools that only a process can have. */
const OWN: OwnTools = {
  pid: () => textResult(String(process.pid)),
  env: () => textResult(JSON.stringify(process.env)),
  cwd: () => textResult(process.cwd()),
  calls: ({ tool }) => textResult(String(server.record.count(String(tool)))),
  cancelled: () => textResult(JSON.stringify(server.record.cancelled)),
  die: ({ code }) => process.exit(Number(code ?? 1)),
  stderr: async ({ text, lines }) => {
    await new Promise<void>((resolve) => {
      process.stderr.write(`${text}\n`.repeat(Number(lines ?? 1)), () => resolve());
    });
    return textResult('written');
  },
  /** Any bytes on stdout; the call itself is answered only by what they say. */
  raw: ({ text }) => {
    process.stdout.write(String(text));
    return new Promise<ToolResult>(() => undefined);
  },
  /** The answer is on its way when the process ends. */
  'answer-and-die': () => {
    setImmediate(() => process.exit(0));
    return textResult('last');
  },
  change: ({ extra }) => {
    server.changeTools(Number(extra), send);
    return textResult('changed');
  },
};

const server = new TestServer(options, OWN);

function serve(): void {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => {
    const message = JSON.parse(line) as Message;
    note({ event: 'message', method: message.method ?? '', params: message.params ?? {} });
    if (message.method === 'initialize' && options.onInitialize === 'hang') return;
    if (message.method === 'initialize' && options.onInitialize === 'die') process.exit(3);
    void server.receive(message, send);
  });
  lines.on('close', () => {
    if (options.ignoreStdinEnd !== true) process.exit(0);
  });
}

function startGrandchild(): number | undefined {
  if (options.grandchild !== true) return undefined;
  return spawn(process.execPath, ['-e', 'setTimeout(() => {}, 3_600_000)'], { stdio: ['ignore', 'inherit', 'inherit'] })
    .pid;
}

if (options.ignoreSigterm === true) process.on('SIGTERM', () => undefined);
// Keeps the process alive whatever stdin does; it ends by its own doing alone.
setInterval(() => undefined, 60_000);
const grandchild = startGrandchild();
note({ event: 'start', pid: process.pid, ...(grandchild === undefined ? {} : { grandchild }) });
if (options.atStart === 'die') process.stderr.write('cannot read my settings', () => process.exit(7));
else serve();
