/** The parts of single-user logins that need no login: where a browser is, what a pasted line is, mcpo's files, the port. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { hasBrowser, openBrowser } from '../../src/commands/loopback/browser.ts';
import { type Outcome, pastedAnswer } from '../../src/commands/loopback/callback.ts';
import { CallbackListener } from '../../src/commands/loopback/callback-listener.ts';
import { findMcpoLogin } from '../../src/commands/loopback/mcpo-files.ts';
import { mcpoTokenFile } from '../../src/config/oauth.ts';
import { freePort } from '../helpers/free-port.ts';
import { emptyHome } from '../helpers/process.ts';
import { visit } from './loopback-helper.ts';

describe('a browser', () => {
  const linux = { platform: 'linux', isContainer: false } as const;

  it('is there on a desktop, and where the environment names one', () => {
    assert.equal(hasBrowser({ DISPLAY: ':0' }, linux), true);
    assert.equal(hasBrowser({ WAYLAND_DISPLAY: 'wayland-0' }, linux), true);
    assert.equal(hasBrowser({}, { ...linux, platform: 'darwin' }), true);
    assert.equal(hasBrowser({ BROWSER: '/helper', SSH_CONNECTION: 'x' }, { ...linux, isContainer: true }), true);
  });

  it('is not there without a screen, over SSH, in a container or an automatic run, or where it is not wanted', () => {
    assert.equal(hasBrowser({}, linux), false);
    assert.equal(hasBrowser({ DISPLAY: '' }, linux), false);
    assert.equal(hasBrowser({ DISPLAY: ':0' }, { ...linux, isContainer: true }), false);
    assert.equal(hasBrowser({ CI: 'true' }, { ...linux, platform: 'darwin' }), false);
    for (const name of ['SSH_CONNECTION', 'SSH_CLIENT', 'SSH_TTY', 'CI', 'container', 'KUBERNETES_SERVICE_HOST']) {
      assert.equal(hasBrowser({ DISPLAY: ':0', [name]: 'x' }, linux), false, name);
    }
    assert.equal(hasBrowser({ DISPLAY: ':0', BROWSER: 'none' }, linux), false);
  });

  it('is never opened for anything but http(s)', async () => {
    for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'data:text/html,x']) {
      await assert.rejects(openBrowser(new URL(url)), /http/);
    }
  });
});

describe('a pasted line', () => {
  it('is an answer where it is an address with a state, and a code or an error', () => {
    assert.equal(pastedAnswer(' http://localhost:3030/callback?code=c&state=s \r')?.get('code'), 'c');
    assert.equal(pastedAnswer('https://host.example/x/y?error=access_denied&state=s')?.get('error'), 'access_denied');
  });

  it('is none otherwise', () => {
    const lines = [
      '',
      'yes',
      'code=c&state=s',
      'http://h/?code=c',
      'http://h/?state=s',
      'http://',
      'ftp://h/?code=c&state=s',
    ];
    for (const line of lines) assert.equal(pastedAnswer(line), undefined, line);
  });
});

describe("mcpo's files", () => {
  const leave = async (t: TestContext): Promise<{ home: string; tokens: string; client: string }> => {
    const place = await emptyHome();
    t.after(() => place.remove());
    const tokens = mcpoTokenFile('notes', place.cwd);
    const client = tokens.replace('_tokens.json', '_client.json');
    mkdirSync(dirname(tokens), { recursive: true });
    writeFileSync(tokens, JSON.stringify({ access_token: 'at', token_type: 'Bearer', refresh_token: 'rt' }));
    writeFileSync(client, JSON.stringify({ client_id: 'c1' }));
    return { home: place.cwd, tokens, client };
  };

  it('are read together', async (t) => {
    const { home, client } = await leave(t);
    assert.equal((await findMcpoLogin('notes', home))?.tokens.refreshToken, 'rt');
    assert.equal(await findMcpoLogin('other', home), undefined);
    renameSync(client, `${client}.old`);
    assert.equal(await findMcpoLogin('notes', home), undefined);
  });

  it('are not read where others can write them', async (t) => {
    const { home, tokens, client } = await leave(t);
    chmodSync(tokens, 0o666);
    assert.equal(await findMcpoLogin('notes', home), undefined);
    chmodSync(tokens, 0o644);
    assert.ok(await findMcpoLogin('notes', home));
    chmodSync(client, 0o620);
    assert.equal(await findMcpoLogin('notes', home), undefined);
  });

  it('are not read where they are huge, links, pipes or folders', async (t) => {
    const { home, tokens } = await leave(t);
    renameSync(tokens, `${tokens}.real`);
    symlinkSync(`${tokens}.real`, tokens);
    assert.equal(await findMcpoLogin('notes', home), undefined, 'a link');
    execFileSync('rm', [tokens]);
    execFileSync('mkfifo', ['-m', '600', tokens]);
    assert.equal(await findMcpoLogin('notes', home), undefined, 'a pipe');
    execFileSync('rm', [tokens]);
    mkdirSync(tokens);
    assert.equal(await findMcpoLogin('notes', home), undefined, 'a folder');
    execFileSync('rmdir', [tokens]);
    renameSync(`${tokens}.real`, tokens);
    assert.ok(await findMcpoLogin('notes', home));
    appendFileSync(tokens, ' '.repeat(64 * 1024));
    assert.equal(await findMcpoLogin('notes', home), undefined, 'huge');
  });
});

describe('the callback port', () => {
  const open = async (t: TestContext, outcomes: readonly Outcome[]): Promise<{ port: number; seen: string[] }> => {
    const port = await freePort();
    const seen: string[] = [];
    const next = [...outcomes];
    const finish = async (query: URLSearchParams): Promise<Outcome> => {
      seen.push(query.toString());
      return next.shift() ?? { kind: 'foreign' };
    };
    const listener = await CallbackListener.open({
      port,
      serverName: 'no<b>tes',
      home: 'http://localhost:8000/',
      finish,
    });
    t.after(() => listener.close());
    return { port, seen };
  };

  it('takes the answer at any path, and is free again behind it', async (t) => {
    const { port, seen } = await open(t, [{ kind: 'done' }]);
    const page = await visit(port, '/any/path?code=c&state=s');
    assert.equal(page.status, 200);
    assert.match(page.body, /Connected to no&#60;b&#62;tes/);
    assert.deepEqual(seen, ['code=c&state=s']);
    await assert.rejects(visit(port, '/?code=c&state=s'), { code: 'ECONNREFUSED' });
  });

  it('stays open for what is no answer, or none to this login', async (t) => {
    const { port, seen } = await open(t, [{ kind: 'foreign' }, { kind: 'done' }]);
    assert.equal((await visit(port, '/favicon.ico')).status, 404);
    assert.equal((await visit(port, '/?code=c')).status, 404);
    assert.equal((await visit(port, '/?state=s')).status, 404);
    assert.equal((await visit(port, '/?code=c&state=s', { method: 'POST' })).status, 404);
    assert.deepEqual(seen, []);
    assert.equal((await visit(port, '/?code=c&state=forged')).status, 400);
    assert.equal((await visit(port, '/?code=c&state=s')).status, 200);
  });

  it('answers under the names of this machine alone', async (t) => {
    const { port, seen } = await open(t, []);
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost', `localhost.evil.example:${port}`]) {
      assert.equal((await visit(port, '/?code=c&state=s', { host })).status, 403, host);
    }
    assert.deepEqual(seen, []);
    for (const host of [`127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
      assert.equal((await visit(port, '/?code=c&state=s', { host })).status, 400, host);
    }
  });

  it('shows a page that runs nothing, loads nothing and is not kept', async (t) => {
    const words = { title: 'T<script>', message: 'M"&\'', remedy: '<img src=x>' };
    const { port } = await open(t, [{ kind: 'failed', ...words }]);
    const { status, headers, body } = await visit(port, '/?error=<script>&state=s');
    assert.equal(status, 400);
    assert.equal(headers['cache-control'], 'no-store');
    assert.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-[^']+'; /);
    assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/);
    assert.doesNotMatch(body, /<script|<img|M"/);
    assert.match(body, /T&#60;script&#62;/);
  });

  it('is taken on both addresses of this machine or not at all', async (t) => {
    const port = await freePort();
    const other = createServer().listen(port, '::1');
    t.after(() => other.close());
    await new Promise((resolve, reject) => other.once('listening', resolve).once('error', reject));
    const options = { port, serverName: 'notes', home: '/', finish: async () => ({ kind: 'foreign' }) as const };
    await assert.rejects(CallbackListener.open(options), { code: 'EADDRINUSE' });
    await assert.rejects(visit(port, '/'), { code: 'ECONNREFUSED' }, 'the other address is free again');
  });
});
