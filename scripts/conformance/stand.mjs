/** Starts what clients come to: a conformant server, with and without latchkey in front of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Resolves with `endpoints`, and how to end it; see `test/conformance/stand.ts`. */
export async function startStand() {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/conformance/stand.ts'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = once(child, 'close');
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(() => Promise.reject(new Error(`what is tested did not start:\n${log}`))),
  ]);
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { endpoints: JSON.parse(line), stop };
}
