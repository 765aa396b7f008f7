/** What runs the tests: a file that hangs is ended and says where it was, and only what never began is run once more. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';

const SECONDS = '15';
const STAY = 'await new Promise(() => setInterval(() => {}, 1_000));';
const HEAD = "import { describe, it } from 'node:test'; import { existsSync, writeFileSync } from 'node:fs';";
const PASSES = "it('passes', () => {});";

interface Run {
  readonly code: number;
  /** Both streams. */
  readonly told: string;
}

/** Runs two test files; a single one would be shown live. */
async function run(t: TestContext, body: string, beside = PASSES): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-unit-'));
  t.after(() => rm(folder, { recursive: true }));
  const files = [join(folder, 'a.test.mjs'), join(folder, 'b.test.mjs')] as const;
  const marker = JSON.stringify(join(folder, 'was-here'));
  await writeFile(files[0], `${HEAD}\nconst marker = ${marker};\n${body}`);
  await writeFile(files[1], `${HEAD}\n${beside}`);
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/unit.mjs', '--timeout', SECONDS, ...files], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, told: stdout + stderr });
    });
  });
}

describe('running tests', { concurrency: true }, () => {
  it('counts what passed, and ends with 0', async (t) => {
    const { code, told } = await run(t, `describe('a suite', () => { ${PASSES} it('too', () => {}); });`);
    assert.equal(code, 0, told);
    assert.match(told, /^3 tests passed in 2 of 2 files\.$/m);
  });

  it('tells all of a file that fails, and ends with 1', async (t) => {
    const { code, told } = await run(t, "it('breaks', () => { throw new Error('for this reason'); });");
    assert.equal(code, 1);
    assert.match(told, /a\.test\.mjs: exit code 1/);
    assert.match(told, /for this reason/);
    assert.match(told, /^1 tests passed in 1 of 2 files\.$/m);
  });

  it('takes a file without a test for a mistake', async (t) => {
    const { code, told } = await run(t, '');
    assert.equal(code, 1);
    assert.match(told, /a\.test\.mjs: it has no test/);
  });

  it('runs a file once more that has not come to its first test in time', async (t) => {
    const { code, told } = await run(
      t,
      `if (!existsSync(marker)) { writeFileSync(marker, ''); ${STAY} }\nit('passes at last', () => {});`,
    );
    assert.equal(code, 0, told);
    assert.match(told, /a\.test\.mjs did not come to its first test within 15 s, and is run once more\./);
    assert.match(told, /^2 tests passed in 2 of 2 files\.$/m);
  });

  it('runs it no third time', async (t) => {
    const { code, told } = await run(t, STAY);
    assert.equal(code, 1);
    assert.match(told, /a\.test\.mjs: its 15 s were over before the first test, twice/);
  });

  it('ends a test that hangs, says which, and does not run it again', async (t) => {
    const body = `describe('a suite', () => { ${PASSES} it('stays', async () => { writeFileSync(marker, '', { flag: 'wx' }); ${STAY} }); });`;
    const { code, told } = await run(t, body);
    assert.equal(code, 1);
    assert.match(told, /a\.test\.mjs: its 15 s were over during: a suite > stays/);
    assert.doesNotMatch(told, /once more/);
  });

  it('says where a process stays alive although its tests have ended', async (t) => {
    const { code, told } = await run(t, `setInterval(() => {}, 1_000);\n${PASSES}`);
    assert.equal(code, 1);
    assert.match(told, /a\.test\.mjs: its 15 s were over when all tests had ended: something keeps the process alive/);
  });
});
