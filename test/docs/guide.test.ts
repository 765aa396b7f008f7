/** Every command of the guide to logins is run as it stands there, against a real provider; only the port is another. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../commands/loopback-helper.ts';
import {
  type AuthorizationServer,
  Browser,
  signIn,
  startAuthorizationServer,
} from '../helpers/authorization-server.ts';
import { blocksIn, commandsIn } from '../helpers/markdown.ts';
import { emptyHome, type Place } from '../helpers/process.ts';
import { type ProtectedServer, startProtectedServer } from '../helpers/protected-server.ts';
import { until } from '../helpers/wait.ts';

const GUIDE = 'OAUTH_GUIDE.md';
const COMMANDS = commandsIn(GUIDE);
const SERVER = 'https://notes.example.com/mcp';
const TSX = resolve('node_modules/tsx/dist/loader.mjs');

describe('the commands of the guide to logins', () => {
  let place: Place;
  let as: AuthorizationServer;
  let notes: ProtectedServer;
  let port: number;
  const done = new Set<string>();

  before(async () => {
    place = await emptyHome();
    as = await startAuthorizationServer();
    notes = await startProtectedServer({ authorization: as });
    port = await freePort();
    const bin = join(place.cwd, 'bin');
    mkdirSync(bin);
    const program = `#!/bin/sh\nexec '${process.execPath}' --import '${TSX}' '${resolve('src/main.ts')}' --port ${port} "$@"\n`;
    writeFileSync(join(bin, 'latchkey'), program, { mode: 0o755 });
    const [config = ''] = blocksIn(GUIDE, 'yaml');
    writeFileSync(join(place.cwd, 'config.yaml'), config.replace(SERVER, notes.url.href));
    Object.assign(place.env, { PATH: `${bin}:${place.env.PATH}`, ANN_PASSWORD: 'ann-pw', BEN_PASSWORD: 'ben-pw' });
  });
  after(async () => {
    await notes.close();
    await as.close();
    await place.remove();
  });

  const home = (): string => `http://localhost:${port}`;

  /** As the guide has it, so that a changed guide fails here. */
  function documented(start: string): string {
    const command = COMMANDS.find((line) => line.startsWith(start));
    assert.ok(command !== undefined, `the guide has no command that starts with ${start}`);
    done.add(command);
    return command.replaceAll('http://localhost:8000', home()).replaceAll(SERVER, notes.url.href);
  }

  function run(start: string): string {
    const ended = spawnSync('bash', ['-c', documented(start)], {
      cwd: place.cwd,
      env: place.env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(ended.status, 0, ended.stderr);
    return ended.stdout;
  }

  /** As `run`, for what this very process has to answer. */
  async function ask(start: string): Promise<unknown> {
    const child = spawn('bash', ['-c', documented(start)], { cwd: place.cwd, env: place.env });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk));
    await once(child, 'close');
    return JSON.parse(output);
  }

  async function serving(start: string, look: () => Promise<void>): Promise<void> {
    const child = spawn('bash', ['-c', `exec ${documented(start)}`], { cwd: place.cwd, env: place.env });
    const closed = once(child, 'close');
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output += chunk));
    const ended = closed.then(() => assert.fail(`${start} ended: ${output.slice(-3000)}`));
    try {
      await Promise.race([until(isReady, 60_000, `${start} is ready`), ended]);
      await look();
    } finally {
      ended.catch(() => undefined);
      child.kill();
      await closed;
    }
  }

  async function isReady(): Promise<boolean> {
    const response = await fetch(`${home()}/readyz`).catch(() => undefined);
    await response?.arrayBuffer();
    return response?.status === 200;
  }

  /** Ann at her browser, by the steps of the quick start. */
  async function connectAs(account: 'alice' | 'bob', name: string, password: string): Promise<void> {
    const browser = new Browser();
    const sent = await browser.fetch(`${home()}/`);
    assert.equal(sent.headers.get('location'), '/login?next=%2F');
    const form = await (await browser.fetch(`${home()}/login`)).text();
    const csrf = /name="_csrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
    const body = new URLSearchParams({ _csrf: csrf, username: name, password });
    await browser.fetch(`${home()}/login`, { method: 'POST', body, headers: { origin: home() } });
    assert.match(await (await browser.fetch(`${home()}/`)).text(), /Not connected: connect your account\s+to use it/);
    const begun = await browser.fetch(`${home()}/oauth/notes/authorize`);
    const callback = await signIn(begun.headers.get('location') ?? '', { user: account });
    const ended = await browser.fetch(callback);
    const page = await (await browser.fetch(`${home()}${ended.headers.get('location')}`)).text();
    assert.match(page, /Connected to notes\./);
  }

  it('the quick start: check, start, connect in the browser, and call from a script', async () => {
    assert.match(run('latchkey check --config config.yaml'), /valid: 1 server/);
    await serving('latchkey --config config.yaml', async () => {
      const refused = await ask('curl -u "ann:$ANN_PASSWORD" -X POST http://localhost:8000/notes/whoami');
      const [shown = ''] = blocksIn(GUIDE, 'json');
      const expected = JSON.parse(shown.replaceAll('http://localhost:8000', home())) as object;
      const requestId = (refused as Record<string, unknown>).request_id;
      assert.deepEqual(refused, { ...expected, request_id: requestId });
      await connectAs('alice', 'ann', 'ann-pw');
      await connectAs('bob', 'ben', 'ben-pw');
      assert.equal(await ask('curl -u "ann:$ANN_PASSWORD" -X POST http://localhost:8000/notes/whoami'), 'alice');
      const status = await ask('curl -u "ann:$ANN_PASSWORD" http://localhost:8000/oauth/notes/status');
      assert.equal((status as Record<string, unknown>).state, 'connected');
      assert.deepEqual(await ask('curl -u "ann:$ANN_PASSWORD" -X POST http://localhost:8000/oauth/notes/disconnect'), {
        server: 'notes',
        disconnected: true,
        revoked: true,
      });
      assert.equal(as.grantsOf('bob'), 1, 'the other person is left alone');
    });
  });

  it('one server without a file: nothing waits, and the log has the address', () =>
    serving('latchkey --oauth -- ', async () => {
      const response = await fetch(`${home()}/whoami`, { method: 'POST' });
      const { error, authorize_url: address } = (await response.json()) as Record<string, unknown>;
      assert.deepEqual([error, address], ['authorization_required', `${home()}/oauth/default/authorize`]);
    }));

  it('behind a proxy: addresses and cookies follow the public URL', () =>
    serving('latchkey --config config.yaml --public-url', async () => {
      const authorization = `Basic ${btoa('ann:ann-pw')}`;
      const response = await fetch(`${home()}/oauth/notes/status`, { headers: { authorization } });
      const { authorize_url: address } = (await response.json()) as Record<string, unknown>;
      assert.equal(address, 'https://tools.example.com/oauth/notes/authorize');
      const form = await fetch(`${home()}/login`);
      assert.match(form.headers.get('set-cookie') ?? '', /; Secure/);
    }));

  it('a secret that is long enough', () => {
    assert.ok(run('openssl rand -base64 32').trim().length >= 32);
  });

  it('none is left out, and every other block is a configuration that is valid', () => {
    const files = blocksIn(GUIDE, 'yaml').map((text, index) => {
      const file = join(place.cwd, `block-${index}.yaml`);
      writeFileSync(file, text);
      return file;
    });
    for (const file of files) {
      const env = { ...place.env, NOTES_CLIENT_SECRET: 'secret' };
      const { status, stdout, stderr } = spawnSync('latchkey', ['check', '--config', file], { env, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stdout, /warning/, readFileSync(file, 'utf8'));
    }
    assert.deepEqual(
      COMMANDS.filter((line) => !done.has(line)),
      [],
    );
  });
});
