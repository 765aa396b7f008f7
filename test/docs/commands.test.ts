/** Every command of the README is run as it stands there, in a fresh copy of the project with an empty HOME. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseCli } from '../../src/cli.ts';
import { blocksIn, commandsIn } from '../helpers/markdown.ts';
import { emptyHome, type Place } from '../helpers/process.ts';
import { Browser, signIn } from '../helpers/sign-in.ts';
import { until } from '../helpers/wait.ts';

const GATEWAY = 'http://localhost:8000';
const README = commandsIn('README.md');
const CONFIGURATIONS = blocksIn('README.md', 'json').filter((block) => block.includes('mcpServers'));

describe('the commands of the README', () => {
  let place: Place;
  let folder: string;
  let key: string;
  const done = new Set<string>();
  before(async () => {
    place = await emptyHome();
    folder = join(place.cwd, 'latchkey');
    const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' });
    for (const file of tracked.trim().split('\n')) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(file, join(folder, file));
    }
    const [config = ''] = CONFIGURATIONS.filter((block) => block.includes('memory'));
    // Tests talk to nobody but this machine.
    writeFileSync(join(folder, 'config.json'), config.replace('https://wiki.example.com', 'http://127.0.0.1:9'));
    key = execFileSync('bash', ['-c', `${documented('KEY=')}; printf %s "$KEY"`], { encoding: 'utf8' });
    assert.match(key, /^[0-9a-f]{64}$/);
  });
  after(() => place.remove());

  const env = (): Record<string, string> => ({ ...place.env, WIKI_TOKEN: 'token', KEY: key });

  /** Takes the command as the README has it, so that a changed README fails here. */
  function documented(start: string): string {
    const command = README.find((line) => line.startsWith(start));
    assert.ok(command !== undefined, `the README has no command that starts with ${start}`);
    done.add(command);
    return command;
  }

  function run(start: string): { code: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', documented(start)], {
      cwd: folder,
      env: env(),
      encoding: 'utf8',
      timeout: 120_000,
    });
    return { code: status, stdout, stderr };
  }

  /** Starts a command that serves, waits until it is ready, looks at it, and ends it with all that it started. */
  async function serving(start: string, look: () => Promise<void>): Promise<void> {
    const child = spawn('bash', ['-c', documented(start)], { cwd: folder, env: env(), detached: true, stdio: 'pipe' });
    const closed = once(child, 'close');
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk));
    const ended = closed.then(() => assert.fail(`${start} ended: ${output.slice(-3000)}`));
    try {
      await Promise.race([until(isReady, 120_000, `${start} is ready`), ended]);
      await look();
    } finally {
      ended.catch(() => undefined);
      if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGTERM');
      await closed;
    }
  }

  async function isReady(): Promise<boolean> {
    const response = await fetch(`${GATEWAY}/readyz`).catch(() => undefined);
    return response?.status === 200;
  }

  async function status(path: string, headers: Record<string, string> = {}): Promise<number> {
    const response = await fetch(GATEWAY + path, { method: 'POST', headers });
    await response.arrayBuffer();
    return response.status;
  }

  async function connect(browser: Browser, user: 'alice' | 'bob'): Promise<void> {
    const begun = await browser.fetch(`${GATEWAY}/oauth/notes/authorize`);
    const ended = await browser.fetch(await signIn(begun.headers.get('location') ?? '', { user }));
    assert.equal(ended.headers.get('location'), '/?connected=notes');
  }

  it('the first: install, build and demo, and the call that follows it', async () => {
    await serving('npm ci && npm run demo', async () => {
      const { stdout } = run('curl -X POST http://localhost:8000/everything/get-sum');
      const [answer = ''] = blocksIn('README.md', 'json').filter((block) => block.startsWith('"'));
      assert.equal(stdout, answer.trim());
      // The story of "Everyone's own key": two browsers are two people.
      const browsers = { alice: new Browser(), bob: new Browser() };
      for (const [name, browser] of Object.entries(browsers)) await connect(browser, name as 'alice' | 'bob');
      for (const [name, browser] of Object.entries(browsers)) {
        const answer = await browser.fetch(`${GATEWAY}/notes/whoami`, { method: 'POST', headers: { origin: GATEWAY } });
        assert.equal(await answer.text(), JSON.stringify(name));
      }
      for (const path of ['/', '/docs', '/openapi.json', '/files/docs', '/memory/openapi.json']) {
        const response = await fetch(GATEWAY + path);
        assert.equal(response.status, 200, path);
        await response.arrayBuffer();
      }
    });
  });

  it('the second: the whole test, which the continuous integration runs by the same words', () => {
    assert.match(readFileSync('.ci/run', 'utf8'), new RegExp(`^${documented('npm ci && npm test')}$`, 'm'));
  });

  it('one server from a command', () =>
    serving('npm start -- -- npx', async () => assert.equal(await status('/read_graph'), 200)));

  it('several servers from a file, one of them not there', () =>
    serving('npm start -- --config config.json --hot-reload', async () => {
      assert.equal(await status('/memory/read_graph'), 200);
      assert.equal(await status('/wiki/anything'), 503);
    }));

  it('open to others, with a key', () =>
    serving('npm start -- --config config.json --host 0.0.0.0', async () => {
      assert.equal(await status('/memory/read_graph'), 401);
      assert.equal(await status('/memory/read_graph', { authorization: `Bearer ${key}` }), 200);
    }));

  it('for the users of Open WebUI, who is not there: the document is', () =>
    serving('npm start -- --config config.json --open-webui-url', async () => {
      const document = await fetch(`${GATEWAY}/openapi.json?key=${key}`);
      const { paths } = (await document.json()) as { paths: object };
      assert.ok('/memory/read_graph' in paths);
      assert.equal(await status('/memory/read_graph'), 401);
    }));

  it('check and dump', () => {
    const check = run('npm start -- check --config config.json');
    assert.equal(check.code, 0, check.stderr);
    assert.match(check.stdout, /valid: 2 servers/);
    const dump = run('npm start --silent -- dump --config config.json');
    assert.equal(dump.code, 1, 'one server is not there');
    assert.ok(JSON.parse(readFileSync(join(folder, 'openapi.json'), 'utf8')).paths['/memory/read_graph']);
  });

  it('each configuration is valid', () => {
    for (const [index, block] of CONFIGURATIONS.entries()) {
      const file = `readme-${index}.json`;
      writeFileSync(join(folder, file), block);
      const args = ['dist/main.js', 'check', '--config', file];
      const { status, stderr } = spawnSync('node', args, {
        cwd: folder,
        env: { ...env(), ANN_PASSWORD: 'ann-pw' },
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
    }
  });

  it('the package', async () => {
    const packed = run('mkdir -p ~/gateway && npm pack');
    assert.equal(packed.code, 0, packed.stderr);
    const installed = run('cd ~/gateway && npm install');
    assert.equal(installed.code, 0, installed.stderr);
    await serving('cd ~/gateway && npx latchkey', async () => assert.equal(await status('/read_graph'), 200));
  });

  it("Docker's, without Docker: the flags are ours", () => {
    assert.equal(documented('docker build'), 'docker build -t latchkey .');
    const [, flags = ''] = documented('docker run').split(' latchkey ');
    const parsed = parseCli(flags.replaceAll('"', '').split(' '), {});
    assert.equal(parsed.kind, 'run');
  });

  it('each block that uses a key makes it', () => {
    for (const block of blocksIn('README.md', 'bash').filter((text) => text.includes('$KEY'))) {
      assert.ok(block.indexOf('KEY=') !== -1 && block.indexOf('KEY=') < block.indexOf('$KEY'), block);
    }
  });

  it('none is left out', () => {
    assert.deepEqual(
      README.filter((line) => !done.has(line)),
      [],
    );
  });
});
