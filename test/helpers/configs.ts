/** Configurations of test servers, as the loader would make them. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Configuration, Endpoint, ServerConfig } from '../../src/config/model.ts';
import type { ChildEvent, ChildOptions } from './child-server.ts';

export type StdioEndpoint = Extract<Endpoint, { kind: 'stdio' }>;

const CHILD_SERVER = fileURLToPath(new URL('./child-server.ts', import.meta.url));
export const TSX = import.meta.resolve('tsx');

/** A configuration with defaults for all that a test does not care about; `hash` is new each time unless given. */
export function serverConfig(parts: Partial<ServerConfig> & Pick<ServerConfig, 'endpoint'>): ServerConfig {
  return {
    name: 'test',
    disabledTools: [],
    timeoutMs: 20_000,
    isolation: 'shared',
    start: 'always',
    hash: randomUUID(),
    ...parts,
  };
}

/** The endpoint of a `child-server.ts`. */
export function childEndpoint(options: ChildOptions = {}, more: Partial<StdioEndpoint> = {}): StdioEndpoint {
  return commandEndpoint(process.execPath, ['--import', TSX, CHILD_SERVER, JSON.stringify(options)], more);
}

export function commandEndpoint(
  command: string,
  args: readonly string[],
  more: Partial<StdioEndpoint> = {},
): StdioEndpoint {
  return { kind: 'stdio', command, args, env: {}, inheritEnv: true, withheldEnv: [], endsBy: 'stdin', ...more };
}

export function urlEndpoint(kind: 'http' | 'sse', url: string | URL, headers: Record<string, string> = {}): Endpoint {
  return { kind, url: new URL(url), headers };
}

/** A configuration file with these servers in it. */
export function configuration(...servers: readonly ServerConfig[]): Configuration {
  return {
    shape: 'mcpServers',
    servers: new Map(servers.map((server) => [server.name, server])),
    gateway: { allowedHosts: [] },
    warnings: [],
    disabled: [],
  };
}

/** Where a child writes what happened to it; see `ChildOptions.record`. */
export class ChildRecord {
  readonly #folder = mkdtempSync(join(tmpdir(), 'child-record-'));
  readonly file = join(this.#folder, 'events.jsonl');

  events(): ChildEvent[] {
    return readLines(this.file).map((line) => JSON.parse(line) as ChildEvent);
  }

  /** The process ids of all children and grandchildren so far. */
  pids(): number[] {
    return this.events().flatMap((event) =>
      event.event === 'start' ? [event.pid, ...(event.grandchild === undefined ? [] : [event.grandchild])] : [],
    );
  }

  starts(): number {
    return this.events().filter((event) => event.event === 'start').length;
  }

  /** How often the server got a message of this method; for `tools/call` of this tool. */
  count(method: string, tool?: string): number {
    return this.events().filter(
      (event) =>
        event.event === 'message' && event.method === method && (tool === undefined || event.params.name === tool),
    ).length;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function readLines(file: string): string[] {
  try {
    // The last line may be half written.
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

/** True while a process of this id runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    // The state stands behind the command's name, which may hold anything.
    return !/^ [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, ''));
  } catch {
    return false;
  }
}
