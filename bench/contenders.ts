/** How each contender, and each server behind it, is started. */

import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from './load.ts';
import { type Contender, ready } from './measure.ts';
import { freePort, type Processes } from './processes.ts';
import { ANSWER, ARGUMENTS, TOOL } from './servers/tools.ts';

export const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
export const KEY = 'a-key-for-the-benchmark-only';
const SERVER = 'bench';

/** A program of `servers/` as a command line. */
export function program(name: string, ...args: readonly string[]): readonly [string, ...string[]] {
  const script = fileURLToPath(new URL(`servers/${name}.ts`, import.meta.url));
  return [process.execPath, '--import', import.meta.resolve('tsx'), script, ...args];
}

/** Starts a program of `servers/` that listens on a port, given as its first argument. */
export async function startProgram(processes: Processes, name: string, ...args: readonly string[]): Promise<Address> {
  const port = await freePort();
  const [command, ...rest] = program(name, String(port), ...args);
  return { pid: processes.start(`${name}-${port}`, command, rest), origin: `http://127.0.0.1:${port}` };
}

export interface Address {
  readonly pid: number;
  readonly origin: string;
}

/** A call of the one tool that all contenders offer. */
export function toolCall(url: string): Target {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` };
  return { url, headers, body: JSON.stringify(ARGUMENTS), expected: ANSWER };
}

/** latchkey as in production: a configuration file, an API key, and the access log at its default level. */
export async function startLatchkey(
  processes: Processes,
  entry: object,
  nodeArgs: readonly string[],
): Promise<Address> {
  const { pid, origin } = await startGateway(processes, { [SERVER]: entry }, {}, nodeArgs);
  return { pid, origin: `${origin}/${SERVER}` };
}

/** The same with several servers, and gateway keys beside them; the origin is that of the gateway. */
export async function startGateway(
  processes: Processes,
  mcpServers: object,
  keys: object,
  nodeArgs: readonly string[],
): Promise<Address> {
  const port = await freePort();
  const config = join(processes.folder, `latchkey-${port}.json`);
  writeFileSync(config, JSON.stringify({ mcpServers, ...keys }));
  const flags = ['--config', config, '--host', '127.0.0.1', '--port', String(port), '--api-key', KEY];
  const store = ['--store', 'memory'];
  const pid = processes.start(`latchkey-${port}`, process.execPath, [...nodeArgs, MAIN, ...flags, ...store]);
  return { pid, origin: `http://127.0.0.1:${port}` };
}

/** The MCP server that all contenders of a scenario share. */
export async function startUpstream(processes: Processes): Promise<Address> {
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

export function caller(name: string, { pid, origin }: Address): Contender {
  return { name, pid, target: toolCall(`${origin}/${TOOL}`) };
}

export interface Mcpo {
  readonly path: string;
  readonly name: string;
}

/** mcpo of the environment variable MCPO, or of PATH. */
export function findMcpo(): Mcpo | undefined {
  const named = process.env.MCPO;
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'mcpo'));
  const path = named !== undefined && named !== '' ? named : places.find(isExecutable);
  return path === undefined ? undefined : { path, name: `mcpo${mcpoVersion(path)}` };
}

/** `args` say which server: behind `--`, or a type and an address. */
export async function startMcpo(processes: Processes, mcpo: Mcpo, args: readonly string[]): Promise<Contender> {
  const port = await freePort();
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--api-key', KEY, ...args];
  const pid = processes.start(`mcpo-${port}`, mcpo.path, flags);
  return caller(mcpo.name, { pid, origin: `http://127.0.0.1:${port}` });
}

/** Its --version means something else; the interpreter that its first line names knows. */
function mcpoVersion(path: string): string {
  const interpreter = /^#!(\S+)/.exec(readFileSync(path, 'utf8'))?.[1];
  const script = 'import importlib.metadata as m; print(m.version("mcpo"))';
  try {
    return interpreter === undefined
      ? ''
      : ` ${execFileSync(interpreter, ['-c', script], { encoding: 'utf8' }).trim()}`;
  } catch {
    return '';
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
