/** Single-user logins of the real process: without a screen, with a browser, on a terminal, and over a restart. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { mcpoTokenFile } from '../../src/config/oauth.ts';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  Browser,
  signIn,
  startAuthorizationServer,
} from '../helpers/authorization-server.ts';
import { freePort } from '../helpers/free-port.ts';
import { emptyHome, type Place, type Running, startLatchkey } from '../helpers/process.ts';
import { type ProtectedServer, startProtectedServer } from '../helpers/protected-server.ts';
import { until } from '../helpers/wait.ts';
import { signInAsMcpo } from '../oauth/mcpo-login.ts';
import { visit } from './loopback-helper.ts';

interface Town {
  readonly as: AuthorizationServer;
  readonly notes: ProtectedServer;
  readonly place: Place;
}

async function startTown(t: TestContext, options: AuthorizationServerOptions = {}): Promise<Town> {
  const as = await startAuthorizationServer(options);
  t.after(() => as.close());
  const notes = await startProtectedServer({ authorization: as });
  t.after(() => notes.close());
  const place = await emptyHome();
  t.after(() => place.remove());
  return { as, notes, place };
}

async function configure({ cwd }: Place, servers: Record<string, { url: URL; oauth: unknown }>): Promise<string> {
  const entries = Object.entries(servers).map(([name, { url, oauth }]) => {
    return [name, { type: 'streamable-http', url: url.href, oauth }];
  });
  const file = join(cwd, 'config.json');
  await writeFile(file, JSON.stringify({ mcpServers: Object.fromEntries(entries) }));
  return file;
}

function start(t: TestContext, place: Place, file: string, env: Record<string, string> = {}): Running {
  const latchkey = startLatchkey(['--port', '0', '--config', file], { ...place, env: { ...place.env, ...env } });
  t.after(() => latchkey.stop('SIGKILL'));
  return latchkey;
}

async function call(latchkey: Running, path: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch((await latchkey.url) + path, { method: 'POST' });
  return { status: answer.status, body: await answer.json() };
}

/** A program that notes what it was called with, as the browser of the machine. */
async function fakeBrowser({ cwd }: Place): Promise<{ env: Record<string, string>; opened(): Promise<string[]> }> {
  const [program, record] = [join(cwd, 'browser'), join(cwd, 'opened')];
  await writeFile(program, `#!/bin/sh\nprintf '%s|%s\\n' "$#" "$1" >> '${record}'\n`, { mode: 0o755 });
  const opened = async (): Promise<string[]> =>
    (await readFile(record, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  return { env: { BROWSER: program }, opened };
}

/** Begins at an address of the gateway, and comes back there. */
async function connect(address: string): Promise<Response> {
  const browser = new Browser();
  const begun = await browser.fetch(address);
  const location = begun.headers.get('location');
  assert.ok(location, `${begun.status} ${await begun.text()}`);
  return browser.fetch(await signIn(location, { browser }));
}

const notedAddress = (latchkey: Running, server: string): Promise<string> =>
  until(() => new RegExp(`"server":"${server}","address":"([^"]+)"`).exec(latchkey.stderr())?.[1], 15_000, server);

describe('a process without a screen', () => {
  it('starts at once, tells where to sign in without a query, and one login missing stops no other server', async (t) => {
    const { notes, as, place } = await startTown(t);
    const more = await startProtectedServer({ authorization: as });
    t.after(() => more.close());
    const single = { multi_user: false };
    const latchkey = start(
      t,
      place,
      await configure(place, {
        never: { url: more.url, oauth: single },
        notes: { url: notes.url, oauth: single },
      }),
    );
    const address = await notedAddress(latchkey, 'notes');
    await notedAddress(latchkey, 'never');
    assert.match(address, /^http:\/\/localhost:\d+\/oauth\/notes\/authorize$/);
    assert.equal((await call(latchkey, '/notes/whoami')).status, 401);
    const back = await connect(address);
    assert.equal(back.headers.get('location'), '/?connected=notes');
    assert.deepEqual(await call(latchkey, '/notes/whoami'), { status: 200, body: 'alice' });
    assert.equal((await call(latchkey, '/never/whoami')).status, 401);
    const { code, stderr } = await latchkey.stop();
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /state=|code=/);
  });

  it('renews the login after a restart with an expired token, and asks nobody', async (t) => {
    const { notes, as, place } = await startTown(t, { accessTokenTtl: 2 });
    const file = await configure(place, { notes: { url: notes.url, oauth: { multi_user: false } } });
    const first = start(t, place, file);
    await connect(await notedAddress(first, 'notes'));
    assert.equal((await call(first, '/notes/whoami')).status, 200);
    await first.stop();
    const refreshes = as.counts('refresh_token');
    const stoppedAt = Date.now();
    await until(() => Date.now() > stoppedAt + 2_000);
    as.accessTokenTtl = 600;
    const second = start(t, place, file);
    assert.deepEqual(await call(second, '/notes/whoami'), { status: 200, body: 'alice' });
    assert.ok(as.counts('refresh_token') > refreshes);
    assert.doesNotMatch((await second.stop()).stderr, /login is needed/);
    assert.equal(as.counts('authorization_code'), 1);
  });

  it('takes over what mcpo left, renewed as its client, and leaves its files alone', async (t) => {
    const { notes, as, place } = await startTown(t);
    const { tokens, client } = await signInAsMcpo(as, notes.url.href);
    const file = mcpoTokenFile('notes', place.cwd);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(tokens));
    await writeFile(file.replace('_tokens', '_client'), JSON.stringify(client));
    const longAgo = new Date(Math.floor(Date.now() / 1000) * 1000 - 7_200_000);
    await utimes(file, longAgo, longAgo);
    const config = await configure(place, { notes: { url: notes.url, oauth: { server_url: as.issuer } } });
    const latchkey = start(t, place, config);
    await until(async () => (await call(latchkey, '/notes/whoami')).body === 'alice', 15_000);
    const [refresh] = as.seen.filter(({ grantType }) => grantType === 'refresh_token');
    assert.equal(refresh?.clientId, client.client_id);
    assert.equal(as.clients(), 1);
    const { stderr } = await latchkey.stop();
    assert.match(stderr, /took over the login that mcpo left/);
    assert.doesNotMatch(stderr, /login is needed/);
    for (const secret of [tokens.access_token, tokens.refresh_token, client.client_secret]) {
      assert.ok(!stderr.includes(String(secret)));
    }
    assert.equal(await readFile(file, 'utf8'), JSON.stringify(tokens));
    assert.equal((await stat(file)).mtimeMs, longAgo.getTime());
  });

  it('asks for a login where what mcpo left is no longer good', async (t) => {
    const { notes, as, place } = await startTown(t);
    const { tokens, client } = await signInAsMcpo(as, notes.url.href);
    as.revokeGrantsOf('alice');
    const file = mcpoTokenFile('notes', place.cwd);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ ...tokens, expires_in: -1, access_token: 'spent' }));
    await writeFile(file.replace('_tokens', '_client'), JSON.stringify(client));
    const latchkey = start(t, place, await configure(place, { notes: { url: notes.url, oauth: true } }));
    await connect(await notedAddress(latchkey, 'notes'));
    assert.deepEqual(await call(latchkey, '/notes/whoami'), { status: 200, body: 'alice' });
    assert.match((await latchkey.stop()).stderr, /took over/);
  });
});

describe('a process with a browser', () => {
  it('opens its own address there, with nothing else to the program, and once', async (t) => {
    const { notes, place } = await startTown(t);
    const { env, opened } = await fakeBrowser(place);
    const file = await configure(place, { notes: { url: notes.url, oauth: { multi_user: false } } });
    const latchkey = start(t, place, file, env);
    const [line = ''] = await until(async () => {
      const lines = await opened();
      return lines.length > 0 ? lines : undefined;
    }, 15_000);
    const address = await notedAddress(latchkey, 'notes');
    assert.equal(line, `1|${address}`);
    assert.equal((await call(latchkey, '/notes/whoami')).status, 401);
    await connect(address);
    assert.deepEqual(await call(latchkey, '/notes/whoami'), { status: 200, body: 'alice' });
    assert.equal((await opened()).length, 1);
    assert.equal((await latchkey.stop()).code, 0);
  });

  it('opens the authorization server where a callback port is set, and ends in the middle of it', async (t) => {
    const { notes, as, place } = await startTown(t);
    const { env, opened } = await fakeBrowser(place);
    const port = await freePort();
    const file = await configure(place, { notes: { url: notes.url, oauth: { callback_port: port } } });
    const latchkey = start(t, place, file, env);
    const [line = ''] = await until(async () => {
      const lines = await opened();
      return lines.length > 0 ? lines : undefined;
    }, 15_000);
    const url = new URL(line.replace(/^1\|/, ''));
    assert.equal(url.origin, new URL(as.issuer).origin);
    assert.equal((await visit(port, '/callback?code=x&state=forged')).status, 400);
    const { code, stderr } = await latchkey.stop();
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /state=|code=/);
  });
});

/** On a pseudo-terminal, started by this shell command with `LATCHKEY` in it; `screen` is what it shows. */
async function onTerminal(
  t: TestContext,
  { notes, place }: Town,
  shell = 'exec LATCHKEY',
): Promise<{ screen(): string; type(text: string): void; closed: Promise<unknown[]> }> {
  const oauth = { multi_user: false, use_loopback: false };
  const file = await configure(place, { notes: { url: notes.url, oauth } });
  const tsx = resolve('node_modules/tsx/dist/loader.mjs');
  const latchkey = `${process.execPath} --import ${tsx} ${resolve('src/main.ts')} --port 0 --config ${file}`;
  const command = ['-qec', shell.replace('LATCHKEY', latchkey), '/dev/null'];
  const child = spawn('script', command, { cwd: place.cwd, env: { ...place.env, SHELL: '/bin/bash' } });
  t.after(() => child.kill());
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += stripVTControlCharacters(chunk.toString());
  });
  return { screen: () => output, type: (text) => child.stdin.write(text), closed: once(child, 'close') };
}

/** The authorization URL, on a line of its own. */
const shownAddress = (screen: () => string): Promise<string> =>
  until(() => /^ +(http\S+state=\S+)\r?\n/m.exec(screen())?.[1], 15_000, 'the address');

describe('a process on a terminal', () => {
  it('takes the address where the browser ended up as a pasted line, and Ctrl-C as ever', async (t) => {
    const { screen, type, closed } = await onTerminal(t, await startTown(t));
    const url = await shownAddress(screen);
    await until(() => /paste the address/.test(screen()));
    type('hello\n');
    await until(() => /not the end of this login/.test(screen()));
    type(`${(await signIn(url)).href}\n`);
    await until(() => /✓ notes: ready, \d+ tools/.test(screen()), 10_000);
    type('\x03');
    const [code] = await closed;
    assert.equal(code, 0, screen());
  });

  it('is not stopped by typing while another job has the terminal', async (t) => {
    const { screen, type, closed } = await onTerminal(
      t,
      await startTown(t),
      'set -m; LATCHKEY & echo pid=$!; read line; wait',
    );
    const url = await shownAddress(screen);
    assert.doesNotMatch(screen(), /paste the address/);
    type('to the other job\nto nobody\n');
    const callback = await signIn(url);
    assert.equal((await fetch(callback, { redirect: 'manual' })).status, 303);
    await until(() => /✓ notes: ready, \d+ tools/.test(screen()), 10_000);
    process.kill(Number(/pid=(\d+)/.exec(screen())?.[1]));
    await closed;
  });
});
