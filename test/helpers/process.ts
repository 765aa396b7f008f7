/** latchkey as a process of its own, started from the sources as a person starts it from dist. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const MAIN = resolve('src/main.ts');
const TSX = resolve('node_modules/tsx/dist/loader.mjs');

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly cwd: string;
  readonly env: Record<string, string>;
  remove(): Promise<void>;
}

/** An empty folder that is HOME and working directory at once. */
export async function emptyHome(): Promise<Place> {
  const cwd = await mkdtemp(join(tmpdir(), 'latchkey-home-'));
  return {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd },
    remove: () => rm(cwd, { recursive: true, force: true }),
  };
}

export interface Running {
  readonly child: ChildProcess;
  /** Where it listens, once it does. */
  readonly url: Promise<string>;
  readonly done: Promise<Outcome>;
  stderr(): string;
  stop(signal?: NodeJS.Signals): Promise<Outcome>;
}

export function startLatchkey(args: readonly string[], place: Place): Running {
  const child = spawn(process.execPath, ['--import', TSX, MAIN, ...args], {
    cwd: place.cwd,
    env: place.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let announce: (url: string) => void;
  const url = new Promise<string>((done) => {
    announce = done;
  });
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
    const found = /latchkey listens at (https?:\/\/[^"\s]+)/.exec(stderr);
    if (found?.[1] !== undefined) announce(found[1]);
  });
  const done = once(child, 'close').then(([code, signal]): Outcome => ({ code, signal, stdout, stderr }));
  return {
    child,
    url,
    done,
    stderr: () => stderr,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return done;
    },
  };
}

export function runLatchkey(args: readonly string[], place: Place): Promise<Outcome> {
  return startLatchkey(args, place).done;
}
