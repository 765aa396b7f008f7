/** One child process: what it inherits, how its stderr is logged, and how its whole group is ended. */
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import spawn from 'cross-spawn';
import type { Endpoint } from '../config/model.ts';
import type { Log } from '../log-sink.ts';
import { logStderr } from './stderr-log.ts';
import { settledWithin } from './waiting.ts';

type StdioEndpoint = Extract<Endpoint, { kind: 'stdio' }>;
export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** One thing that is done to a child that is to end, and how long it is waited for then. */
type Step = readonly [act: (child: Child) => void, waitMs: number];

/**
 * What a child is told until it is gone; what still runs at the end is killed. All of it has to fit into what `serve` has left
 * of its grace once calls in flight were given theirs.
 * The signal comes alone, to the process alone: with the end of input beside it Node.js sees that one first, and a server that
 * ends by it never comes to its handler; and wrappers such as npx pass the signal on themselves. The end of input is for what
 * does not mind the signal, such as the first process of a container.
 */
const STEPS: Readonly<Record<StdioEndpoint['endsBy'], readonly Step[]>> = {
  stdin: [
    [(child) => child.stdin.end(), 1500],
    [(child) => signalGroup(child, 'SIGTERM'), 1500],
  ],
  SIGTERM: [
    [(child) => child.kill('SIGTERM'), 3000],
    [(child) => child.stdin.end(), 1000],
  ],
};
const MINIMAL_ENV = ['HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER'];
const OURS = /^LATCHKEY_|^WEBUI_SECRET_KEY$/;

/** Running children, so that even a crash of this process leaves none behind. */
const running = new Set<Child>();

process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL');
});

/** The environment of a child: ours without our secrets and those of other entries, or a minimal one; plus its own `env`. */
export function childEnv(endpoint: StdioEndpoint, ours: NodeJS.ProcessEnv): Record<string, string> {
  const withheld = new Set(endpoint.withheldEnv);
  const names = endpoint.inheritEnv ? Object.keys(ours) : MINIMAL_ENV;
  const env: Record<string, string> = {};
  for (const name of names) {
    const value = ours[name];
    if (value !== undefined && !OURS.test(name) && !withheld.has(name)) env[name] = value;
  }
  return { ...env, ...endpoint.env };
}

/**
 * Starts the command in a process group of its own, without a shell. Errors arrive as the child's `error` event;
 * each line of stderr goes to the log and to `onStderr`.
 */
export function startChild(endpoint: StdioEndpoint, log: Log, onStderr: (line: string) => void): Child {
  const child = spawn(endpoint.command, [...endpoint.args], {
    env: childEnv(endpoint, process.env),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
    ...(endpoint.cwd === undefined ? {} : { cwd: endpoint.cwd }),
  }) as Child;
  if (child.stdout === undefined) {
    // Out of file descriptors: Node hands out a child without pipes, and tells by an event that nobody must miss.
    child.on('error', () => undefined);
    throw new Error(`cannot start ${endpoint.command}: no file descriptors are left`);
  }
  running.add(child);
  child.once('close', () => running.delete(child));
  logStderr(child.stderr, log, onStderr);
  return child;
}

/** Asks the child to end, in the way of its endpoint, then sends SIGKILL to its group; resolves once it is gone. */
export async function endChild(child: Child, endsBy: StdioEndpoint['endsBy']): Promise<void> {
  if (child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  for (const [act, waitMs] of STEPS[endsBy]) {
    act(child);
    if ((await settledWithin(gone, waitMs)) === 'ready') break;
  }
  // Also when the child itself has ended: a wrapper such as npx may leave the real server behind.
  signalGroup(child, 'SIGKILL');
  await gone;
  child.stdout.destroy();
  child.stderr.destroy();
}

/** Signals the child and everything it started; a group that is gone is no error. */
export function signalGroup(child: Child, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // ESRCH: nobody left in the group.
  }
}
