/** Runs the unit tests, or the test files that are named: `npm run unit -- test/routing.test.ts`. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export function testFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort();
}

/** Runs `files` with Node's own test runner; returns the exit code. */
export function runTests(files, node = process.execPath) {
  const reporter = process.stdout.isTTY ? 'spec' : 'dot';
  const args = [
    '--import',
    'tsx',
    '--test',
    '--test-concurrency=2',
    '--test-timeout=240000',
    `--test-reporter=${reporter}`,
    '--test-reporter-destination=stdout',
  ];
  return spawnSync(node, [...args, ...files], { stdio: 'inherit' }).status ?? 1;
}

if (process.argv[1] === import.meta.filename) {
  const named = process.argv.slice(2);
  process.exit(runTests(named.length > 0 ? named : testFiles('test')));
}
