/** One measurement: autocannon in a process of its own, at 32 connections without pipelining. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { closeSession, openSession } from './mcp-session.ts';

export const CONNECTIONS = 32;

export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent by POST; without it the request is a GET. */
  readonly body?: string;
  /** The one right answer; in sessions a part of it, because it may come as JSON or as an event. */
  readonly expected: string;
  /** True: MCP, each connection in a session of its own. */
  readonly inSessions?: true;
}

export interface Load {
  readonly calls: number;
  readonly perSecond: number;
  readonly p99: number;
}

/** What we read of autocannon's JSON. */
interface Result {
  readonly duration: number;
  readonly '2xx': number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly mismatches: number;
  readonly latency: { readonly p99: number };
  readonly throughput: { readonly total: number };
}

/** A command line takes no more, and comparing long bodies would slow the load generator down. */
const MOST_EXPECTED = 10_000;
const AUTOCANNON = createRequire(import.meta.url).resolve('autocannon');
const IN_SESSIONS = [
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('session-load.ts', import.meta.url)),
];
const run = promisify(execFile);

/** Asks once; throws unless the answer is 200 and right. */
export async function verify(target: Target): Promise<void> {
  return target.inSessions === true ? verifySession(target) : verifyAnswer(target, target.headers);
}

async function verifySession(target: Target): Promise<void> {
  const session = await openSession(target.url, target.headers);
  await verifyAnswer(target, session);
  await closeSession(target.url, session);
}

async function verifyAnswer(target: Target, headers: Target['headers']): Promise<void> {
  const { url, body, expected, inSessions } = target;
  const request = body === undefined ? { headers } : { method: 'POST', headers, body };
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(5_000) });
  const text = await response.text();
  const isRight = inSessions === true ? text.includes(expected) : text === expected;
  if (response.status === 200 && isRight) return;
  throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
}

/** Loads the target for some seconds; throws if even one answer was wrong. */
export async function load(target: Target, seconds: number): Promise<Load> {
  const isShort = target.expected.length <= MOST_EXPECTED;
  const own = [...IN_SESSIONS, JSON.stringify(target), String(seconds)];
  const args = target.inSessions === true ? own : argumentsFor(target, seconds, isShort);
  const stdout = await output(args, seconds * 1_000 + 20_000);
  const result = JSON.parse(stdout) as Result;
  const calls = result['2xx'];
  const wrong = result.non2xx + result.errors + result.timeouts + result.mismatches;
  if (calls === 0 || wrong > 0) throw new Error(`${target.url}: ${calls} right answers, ${wrong} wrong: ${stdout}`);
  if (!isShort && result.throughput.total < calls * Buffer.byteLength(target.expected)) {
    throw new Error(`${target.url}: answers were shorter than ${target.expected.length} characters`);
  }
  return { calls, perSecond: calls / result.duration, p99: result.latency.p99 };
}

function argumentsFor(target: Target, seconds: number, expects: boolean): string[] {
  const args = [AUTOCANNON, '--json', '--connections', String(CONNECTIONS), '--duration', String(seconds)];
  for (const [name, value] of Object.entries(target.headers)) args.push('--headers', `${name}=${value}`);
  if (target.body !== undefined) args.push('--method', 'POST', '--body', target.body);
  if (expects) args.push('--expectBody', target.expected);
  return [...args, target.url];
}

/** What a Node program prints; it ends after `timeout` ms or with us. */
async function output(args: readonly string[], timeout: number): Promise<string> {
  const running = run(process.execPath, args, { timeout, killSignal: 'SIGKILL' });
  const kill = (): boolean => running.child.kill('SIGKILL');
  process.once('exit', kill);
  try {
    return (await running).stdout;
  } finally {
    process.off('exit', kill);
  }
}
