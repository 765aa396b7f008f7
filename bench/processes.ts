/** The processes of a benchmark: each has a log file, and none outlives us. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TERMINATE_MS = 4_000;

export class Processes {
  /** Temporary folder for configurations and logs; removed with the processes. */
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  readonly #children = new Map<ChildProcess, string>();
  readonly #endings: (() => Promise<void>)[] = [];

  /** Starts a program whose output goes to a file, as an access log does in production; returns its process id. */
  start(name: string, command: string, args: readonly string[]): number {
    const logFile = join(this.folder, `${name}.log`);
    const log = openSync(logFile, 'w');
    const child = spawn(command, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    child.once('error', () => this.#children.delete(child));
    if (child.pid === undefined) throw new Error(`cannot start ${command}`);
    this.#children.set(child, logFile);
    return child.pid;
  }

  /** What runs in this process ends with the others. */
  onClose(ending: () => Promise<void>): void {
    this.#endings.push(ending);
  }

  /** Last lines of what a process has printed. */
  tail(pid: number): string {
    for (const [child, logFile] of this.#children) {
      if (child.pid === pid) return readFileSync(logFile, 'utf8').slice(-2_000);
    }
    return '';
  }

  /** Ends all, gracefully at first. */
  async close(): Promise<void> {
    const children = [...this.#children.keys()];
    await Promise.all(children.map(end));
    this.#children.clear();
    await Promise.all(this.#endings.map((ending) => ending()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends all at once; for the last moment of our own process. */
  kill(): void {
    for (const child of this.#children.keys()) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Asks the process to end, and kills it where it does not; resolves when it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), TERMINATE_MS);
  await gone;
  clearTimeout(timer);
}

/** A loopback port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
