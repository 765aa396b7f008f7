/** The processes of a run: each starts in an empty home with an environment of its own, and none outlives us. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { end } from '../../bench/processes.ts';

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly child: ChildProcess & { readonly stdin: Writable; readonly stdout: Readable };
  /** What it has printed on stderr. */
  log(): string;
  /** Rejects with the log once it ends, or after `ms`. */
  failed(ms: number): Promise<never>;
  /** Ends it, gracefully at first. */
  stop(): Promise<void>;
}

export class Processes {
  /** For configurations and homes; removed with the processes. */
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-open-webui-'));
  readonly #children = new Set<ChildProcess>();
  readonly #kill = (): void => this.#abandon();

  constructor() {
    process.once('exit', this.#kill);
  }

  /** A folder of this name; made where it is not there. */
  home(name: string): string {
    const home = join(this.folder, name);
    mkdirSync(home, { recursive: true });
    return home;
  }

  start({ name, command, args, env = {} }: Program): Running {
    const home = this.home(name);
    const child = spawn(command, args, {
      cwd: home,
      env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk;
    });
    const ended = once(child, 'close').then(() => assert.fail(`${name} ended: ${log.slice(-2_000)}`));
    ended.catch(() => this.#children.delete(child));
    const failed = (ms: number): Promise<never> => Promise.race([ended, late(name, ms)]);
    return { child, log: () => log, failed, stop: () => end(child) };
  }

  /** Ends all, gracefully at first. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map(end));
    process.off('exit', this.#kill);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #abandon(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function late(name: string, ms: number): Promise<never> {
  await new Promise((done) => setTimeout(done, ms).unref());
  assert.fail(`${name} did not do it within ${ms / 1000} s`);
}
