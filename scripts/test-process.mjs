/** One test file in a process of its own, which is ended when its time is over. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { underWay } from './test-progress.mjs';

const PROGRESS = resolve(import.meta.dirname, 'test-progress.mjs');
/** How long what is in the pipes is waited for. */
const PIPES_MS = 2_000;
const PASSED = /^ℹ pass (\d+)$/m;

/**
 * Runs `file` with `node`, for `timeoutMs` at most. A process that had not begun its first test by then is run once more:
 * loading TypeScript has been seen to stand still, and no test has said anything yet.
 * Resolves with `{ passed, output, problem }`; `problem` is undefined where all is well.
 */
export async function runFile(file, { node, timeoutMs, isLive = false }) {
  const first = await runOnce(file, { node, timeoutMs, isLive });
  if (!first.isOver || first.began !== undefined) return resultOf(first, timeoutMs);
  console.error(`${file} did not come to its first test within ${timeoutMs / 1000} s, and is run once more.`);
  return resultOf(await runOnce(file, { node, timeoutMs, isLive }), timeoutMs);
}

function runOnce(file, { node, timeoutMs, isLive }) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  const progress = join(folder, 'progress');
  // What a runner around us says of itself is not for this one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  reporters.push(`--test-reporter=${PROGRESS}`, `--test-reporter-destination=${progress}`);
  const child = spawn(node, ['--import', 'tsx', ...reporters, file], {
    env,
    stdio: isLive ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      const end = () => {
        clearTimeout(patience);
        const began = underWay(readText(progress));
        rmSync(folder, { recursive: true, force: true });
        done({ output, code, isOver, began });
      };
      // What a test has started may hold the pipes longer than the test lives.
      const patience = setTimeout(end, PIPES_MS);
      child.once('close', end);
    });
  });
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function resultOf({ output, code, isOver, began }, timeoutMs) {
  return {
    passed: Number(PASSED.exec(output)?.[1] ?? 0),
    output,
    problem: problemOf({ code, isOver, began }, timeoutMs),
  };
}

function problemOf({ code, isOver, began }, timeoutMs) {
  if (isOver) return overtime(began, timeoutMs);
  if (code !== 0) return `exit code ${code}`;
  return began === undefined ? 'it has no test' : undefined;
}

function overtime(began, timeoutMs) {
  const time = `its ${timeoutMs / 1000} s were over`;
  if (began === undefined) return `${time} before the first test, twice`;
  if (began.length === 0) return `${time} when all tests had ended: something keeps the process alive`;
  return `${time} during: ${began.join(' > ')}`;
}
