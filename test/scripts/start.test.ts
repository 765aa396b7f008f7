/** `npm start` in a fresh copy of the project: when it builds, what it leaves alone, and that a signal ends all of it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { strict } from '../acehoss/gateway.ts';
import { type Copy, freshCopy, type Outcome } from '../docs/fresh-copy.ts';
import { isRunning } from '../helpers/configs.ts';
import { freePort } from '../helpers/free-port.ts';
import { until } from '../helpers/wait.ts';

const VERSION = `${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`;
/** What root may do in folders that nobody may write. */
const AS_ANYBODY = process.getuid?.() === 0 ? 'setpriv --bounding-set=-dac_override ' : '';
const PATIENCE_MS = 120_000;

describe('npm start', () => {
  let copy: Copy;
  let main: string;
  before(async () => {
    copy = await freshCopy();
    main = join(copy.folder, 'dist/main.js');
  });
  after(async () => {
    lock(false);
    await copy.remove();
  });

  const version = (): Outcome => copy.run('npm start --silent -- version');
  /** Which build is there. */
  const build = (): number => statSync(main).ino + statSync(main).mtimeMs;

  /** Whether nobody may write in the copy, nor in what was built. */
  function lock(isLocked: boolean): void {
    const { status } = spawnSync('chmod', ['-R', isLocked ? 'a-w' : 'u+w', ...parts()], { cwd: copy.folder });
    assert.equal(status, 0);
    chmodSync(copy.folder, isLocked ? 0o555 : 0o755);
  }

  // Not the packages, which are those of the project.
  function parts(): string[] {
    return ['src', 'dist', 'package.json'].filter((name) => existsSync(join(copy.folder, name)));
  }

  function startLocked(command: string): Outcome {
    assert.notEqual(copy.run(`${AS_ANYBODY}touch file-of-mine`).code, 0, 'the folder can be written');
    return copy.run(AS_ANYBODY + command);
  }

  it('cannot build where it may not write, and says so in a line', () => {
    lock(true);
    const { code, stdout, stderr } = startLocked('npm start --silent -- version');
    lock(false);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(stderr, `latchkey: is not built, and cannot be: ${copy.folder} cannot be written\n`);
  });

  it('builds once, with nothing of it on stdout', () => {
    assert.deepEqual(version(), { code: 0, stdout: VERSION, stderr: '' });
    const first = build();
    assert.deepEqual(version(), { code: 0, stdout: VERSION, stderr: '' });
    assert.equal(build(), first);
  });

  it('builds again where a file of the sources is newer, and not where a folder is', () => {
    const old = build();
    const soon = new Date(Date.now() + 60_000);
    utimesSync(join(copy.folder, 'src/config'), soon, soon);
    version();
    assert.equal(build(), old);
    for (const file of ['src/config/model.ts', 'package.json', 'tsconfig.json']) {
      const before = build();
      // Builds take their time from the clock: what is built now is newer than a file of now.
      const now = new Date(statSync(main).mtimeMs + 1);
      utimesSync(join(copy.folder, file), now, now);
      assert.equal(version().stdout, VERSION);
      assert.notEqual(build(), before, file);
    }
  });

  it('does not take half a build for one', () => {
    chmodSync(main, 0o644);
    const half = build();
    assert.equal(version().stdout, VERSION);
    assert.notEqual(build(), half);
  });

  it('runs what is built where it may not write, also where the sources are newer, and says that', () => {
    lock(true);
    assert.deepEqual(startLocked('npm start --silent -- version'), { code: 0, stdout: VERSION, stderr: '' });
    const newer = new Date(statSync(main).mtimeMs + 60_000);
    const file = join(copy.folder, 'src/main.ts');
    const { atime, mtime } = statSync(file);
    utimesSync(file, newer, newer);
    const { code, stdout, stderr } = startLocked('npm start --silent -- version');
    utimesSync(file, atime, mtime);
    lock(false);
    assert.deepEqual([code, stdout], [0, VERSION]);
    assert.equal(
      stderr,
      `latchkey: runs as it was built before the last change, because ${copy.folder} cannot be written\n`,
    );
  });

  it('ends with what it has started when npm is told to', async (t) => {
    const port = await freePort();
    const config = join(copy.folder, 'config.yaml');
    writeFileSync(config, stringify({ hostname: '127.0.0.1', port, servers: { small: strict() } }));
    const env = { PATH: process.env.PATH ?? '', HOME: join(copy.folder, '..') };
    const npm = spawn('npm', ['start'], { cwd: copy.folder, env, stdio: 'ignore' });
    const ended = once(npm, 'exit');
    t.after(() => npm.kill());
    const pid = await until(() => childPid(`http://127.0.0.1:${port}`), PATIENCE_MS);
    const gateway = parentOf(pid);
    t.after(() => isRunning(gateway) && process.kill(gateway));
    npm.kill('SIGTERM');
    await ended;
    await until(() => !isRunning(gateway) && !isRunning(pid));
  });

  it('says in a line that a build has failed, and what comes next does not run half of it', () => {
    appendFileSync(join(copy.folder, 'src/main.ts'), '\nconst wrong: number = "text";\n');
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const { code, stdout, stderr } = version();
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /main\.ts.* error TS2322/);
      assert.match(stderr, /\nlatchkey: could not be built; npm run build says why\n$/);
    }
  });
});

/** The process of a session there; undefined where nobody answers. */
async function childPid(url: string): Promise<number | undefined> {
  const request = { method: 'POST', body: '{}' };
  const answer = await fetch(`${url}/api/small/pid?sessionId=1`, request).catch(() => undefined);
  if (answer === undefined) return undefined;
  const { content } = (await answer.json()) as { readonly content: readonly { readonly text: string }[] };
  return Number(content[0]?.text);
}

function parentOf(pid: number): number {
  return Number(spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }).stdout);
}
