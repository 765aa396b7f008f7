/**
 * Runs the unit tests, or the test files that are named: `npm run unit -- test/routing.test.ts`.
 * `--timeout` says how many seconds one file may take; 240 unless said otherwise.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFile } from './test-process.mjs';

const AT_ONCE = 2;
const TIMEOUT_MS = 240_000;
const DOTS_IN_LINE = 60;

export function testFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort();
}

/** Runs each of `files` in a process of its own, a dot for each; tells all that a file says which fails. Resolves with the exit code. */
export async function runTests(files, { node = process.execPath, timeoutMs = TIMEOUT_MS } = {}) {
  const failed = [];
  const left = [...files];
  let [passed, ended] = [0, 0];
  const isLive = files.length === 1;
  const work = async () => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const result = await runFile(file, { node, timeoutMs, isLive });
      passed += result.passed;
      ended += 1;
      if (!isLive) process.stdout.write(`${mark(result)}${ended % DOTS_IN_LINE === 0 ? '\n' : ''}`);
      if (result.problem !== undefined) failed.push({ file, ...result });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const { file, problem, output } of failed) console.log(`\n\n== ${file}: ${problem}\n${output}`);
  const names = failed.map(({ file, problem }) => `\n  ${file}: ${problem}`).join('');
  if (!isLive) console.log(`\n${passed} tests passed in ${files.length - failed.length} of ${files.length} files.`);
  if (failed.length > 0) console.log(`Failed:${names}`);
  return failed.length === 0 ? 0 : 1;
}

function mark({ problem }) {
  return problem === undefined ? '.' : 'X';
}

if (process.argv[1] === import.meta.filename) {
  const { values, positionals } = parseArgs({ options: { timeout: { type: 'string' } }, allowPositionals: true });
  const files = positionals.length > 0 ? positionals : testFiles('test');
  process.exitCode = await runTests(files, values.timeout === undefined ? {} : { timeoutMs: values.timeout * 1000 });
}
