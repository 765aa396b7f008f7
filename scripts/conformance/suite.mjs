/** The official conformance suite: where it is, what it has, how it is run. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { CACHE, install, installNode } from './install.mjs';

const NAME = '@modelcontextprotocol/conformance';
export const VERSION = '0.2.0-alpha.12';
export const RESULTS = join(CACHE, 'conformance-results');
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 16_777_216;

export function openSuite() {
  const node = installNode();
  const main = join(install('conformance', NAME, VERSION), 'dist/index.js');
  return {
    /** Resolves with `{ ok, output }`; `output` is all that it said. */
    run: (args) =>
      new Promise((done) => {
        const limits = { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT };
        execFile(node, [main, ...args], limits, (error, stdout, stderr) => {
          done({ ok: error === null, output: `${stdout}${stderr}` });
        });
      }),
    /** The text of its own list; `by`: how it is asked for those of a revision. */
    list: (by, revision) =>
      execFileSync(node, [main, 'list', '--server', '--client', by, revision], { encoding: 'utf8' }),
  };
}

/** The names in one section of a list: required scenarios stand at its left, those that are only reported further in. */
export function listed(text, section) {
  const [, part = ''] = text.split(new RegExp(`^${section} scenarios .*$`, 'm'));
  const [own] = part.split(/^\S/m);
  return [...own.matchAll(/^ {2}- (\S+)/gm)].map(([, scenario]) => scenario);
}

export function checkCount(scenarios, count, what) {
  assert.equal(scenarios.length, count, `the suite has other ${what} scenarios`);
}
