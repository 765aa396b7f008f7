/** A fresh copy of the project with an empty HOME, where a shell runs the commands that the documents show. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { emptyHome } from '../helpers/process.ts';
import { until } from '../helpers/wait.ts';

const PATIENCE_MS = 120_000;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Copy {
  readonly folder: string;
  /** Runs the command to its end. */
  run(command: string): Outcome;
  /** Starts a command that serves at `url`, looks at it once it is ready, and ends it with all that it started. */
  serving(command: string, url: string, look: () => Promise<void>): Promise<void>;
  remove(): Promise<void>;
}

/** What git knows, and the packages as they are installed here; nothing that was built. */
export async function freshCopy(): Promise<Copy> {
  const place = await emptyHome();
  const folder = join(place.cwd, 'latchkey');
  const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' });
  for (const file of tracked.trim().split('\n').filter(existsSync)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(file, join(folder, file));
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const options = { cwd: folder, env: place.env };
  return {
    folder,
    run: (command) => {
      const all = { ...options, encoding: 'utf8' as const, timeout: PATIENCE_MS };
      const { status, stdout, stderr } = spawnSync('bash', ['-c', command], all);
      return { code: status, stdout, stderr };
    },
    serving: (command, url, look) => serving(command, options, url, look),
    remove: () => place.remove(),
  };
}

async function serving(
  command: string,
  options: { readonly cwd: string; readonly env: Record<string, string> },
  url: string,
  look: () => Promise<void>,
): Promise<void> {
  const child = spawn('bash', ['-c', command], { ...options, detached: true, stdio: 'pipe' });
  const closed = once(child, 'close');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  try {
    await until(async () => !isRunning() || (await isReady(url)), PATIENCE_MS, command);
    if (!isRunning()) throw new Error(`${command} ended: ${output.slice(-3000)}`);
    await look();
  } finally {
    if (isRunning()) process.kill(-(child.pid ?? 0), 'SIGTERM');
    await closed;
  }
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`).catch(() => undefined);
  return response?.status === 200;
}
