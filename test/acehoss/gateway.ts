/**
 * A gateway as a process of its own, with a config.yaml as users of acehoss/mcp-gateway have it. Where the environment's
 * `OTHER_GATEWAY` names another program, the stories that both must tell are told by that one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { TSX } from '../helpers/configs.ts';
import { freePort } from '../helpers/free-port.ts';
import { until } from '../helpers/wait.ts';

const OTHER = process.env.OTHER_GATEWAY;
const MAIN = OTHER ?? resolve('src/main.ts');
const STRICT = resolve('test/helpers/strict-server.mjs');
const START_MS = 20_000;

export type Yaml = Readonly<Record<string, unknown>>;

/** A story of latchkey alone: what it does better, or more. */
export const ours: typeof test = OTHER === undefined ? test : ((() => undefined) as unknown as typeof test);

/** The entry of the small server in `strict-server.mjs`; the other gateway makes no handshake, so it is not asked for one there. */
export function strict(...flags: readonly string[]): Yaml {
  const all = OTHER === undefined ? flags : ['--lenient', ...flags];
  return { command: process.execPath, args: [STRICT, ...all] };
}

/** The entry of a server that the MCP project publishes: `everything`, or `filesystem` with its folders. */
export function published(name: string, ...args: readonly string[]): Yaml {
  return {
    command: process.execPath,
    args: [resolve(`node_modules/@modelcontextprotocol/server-${name}/dist/index.js`), ...args],
  };
}

/** What has an end: one test, or all of a file. */
export interface Scope {
  after(end: () => unknown): void;
}

/** A folder that is gone in the end. */
export function temporaryFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'acehoss-'));
  scope.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly pid: number;
  readonly done: Promise<Ended>;
  /** What it has written so far, first its stdout, then its stderr. */
  output(): string;
  isRunning(): boolean;
  stop(): Promise<Ended>;
}

export interface Surroundings {
  /** Working directory and HOME. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** For Node, before the program. */
  readonly nodeFlags?: readonly string[];
}

/** Starts the program; it is ended with its scope at the latest. */
export function run(
  scope: Scope,
  args: readonly string[],
  { folder, env = {}, nodeFlags = [] }: Surroundings,
): Program {
  const child = spawn(process.execPath, [...nodeFlags, '--import', TSX, MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const written = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();
  const done = once(child, 'close').then(([code]): Ended => ({ code, stdout: written(out), stderr: written(err) }));
  const stop = (): Promise<Ended> => {
    child.kill('SIGTERM');
    return done;
  };
  scope.after(stop);
  return {
    pid: child.pid ?? 0,
    done,
    output: () => written(out) + written(err),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    stop,
  };
}

export interface Gateway extends Program {
  readonly url: string;
  readonly folder: string;
}

/** Writes the file as `config.yaml`, with a port and a host of the loopback unless it has its own, and waits until the gateway answers. */
export async function startGateway(
  scope: Scope,
  config: Yaml,
  more: Omit<Surroundings, 'folder'> = {},
): Promise<Gateway> {
  const folder = temporaryFolder(scope);
  const port = config.port ?? (await freePort());
  writeFileSync(join(folder, 'config.yaml'), stringify({ hostname: '127.0.0.1', ...config, port }));
  const program = run(scope, [], { ...more, folder });
  const url = `http://127.0.0.1:${port}`;
  await until(async () => !program.isRunning() || (await answers(url)), START_MS, 'the gateway');
  if (!program.isRunning()) throw new Error(`The gateway ended: ${program.output()}`);
  return { ...program, url, folder };
}

/** The same for all tests of a suite or a file. */
export function sharedGateway(config: Yaml, more: Omit<Surroundings, 'folder'> = {}): () => Gateway {
  const ends: (() => unknown)[] = [];
  let gateway: Gateway;
  before(async () => {
    gateway = await startGateway({ after: (end) => ends.push(end) }, config, more);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  return () => gateway;
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/nowhere`).then(
    () => true,
    () => false,
  );
}

/** The processes that a gateway has started whose command line holds this word. */
export function childrenOf({ pid }: Program, word: string): readonly number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [, child, parent, state = '', args = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === pid && !state.startsWith('Z') && args.includes(word) ? [Number(child)] : [];
  });
}

/** The process ids that a server started with `--record=<file>` has written there. */
export function recorded(file: string): readonly number[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
