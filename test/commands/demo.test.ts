/** The demo: real servers, one of which people sign in to, and nothing left of it afterwards. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { isRunning, TSX } from '../helpers/configs.ts';
import { emptyHome, type Place, type Running, runLatchkey, startLatchkey } from '../helpers/process.ts';
import { Browser, signIn } from '../helpers/sign-in.ts';
import { SimpleClient } from '../helpers/simple-client.ts';
import { until } from '../helpers/wait.ts';

describe('the demo', () => {
  let place: Place;
  before(async () => {
    place = await emptyHome();
  });
  after(() => place.remove());
  const started: Running[] = [];
  afterEach(async () => {
    for (const one of started.splice(0)) await one.stop('SIGKILL');
  });

  async function start(): Promise<{ demo: Running; url: string }> {
    const demo = startLatchkey(['demo', '--port', '0'], place);
    started.push(demo);
    const ended = demo.done.then(({ stderr }) => assert.fail(`the demo ended: ${stderr}`));
    ended.catch(() => undefined);
    return { demo, url: await Promise.race([demo.url, ended]) };
  }

  /** The process ids of latchkey and of all that it started. */
  function family({ child }: Running): number[] {
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    return [child.pid ?? 0, ...children.trim().split(' ').filter(Boolean).map(Number)];
  }

  async function gone(pids: readonly number[]): Promise<void> {
    await until(() => !pids.some(isRunning), 10_000, 'the end of all processes');
  }

  it('has a server that asks for a login, and ends with all that it started', async () => {
    const { demo, url } = await start();
    const response = await fetch(`${url}/notes/whoami`, { method: 'POST' });
    assert.equal(response.status, 401);
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    assert.match(await page.text(), /\bnotes\b/);
    const pids = family(demo);
    assert.equal(pids.length, 5, 'latchkey, three servers over stdio, and notes');
    const { code, stderr } = await demo.stop();
    assert.equal(code, 0, stderr);
    await gone(pids);
  });

  it('leaves nothing behind even when it is killed', async () => {
    const { demo } = await start();
    const pids = family(demo);
    await demo.stop('SIGKILL');
    await gone(pids);
  });

  it('ends when its port is in use', async () => {
    const { url } = await start();
    const { code, stderr } = await runLatchkey(['demo', '--port', new URL(url).port], place);
    assert.equal(code, 1);
    assert.match(stderr, /is in use/);
  });
});

describe('the notes service of the demo', () => {
  const child = spawn(process.execPath, ['--import', TSX, 'demo/notes.ts'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const closed = once(child, 'close');
  let resource = '';
  before(async () => {
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    resource = String(line).trim();
  });
  after(() => child.kill());

  it('signs each account in, and asks for the account at every login', async () => {
    const client = await new SimpleClient(new URL(resource).origin, resource).register();
    const response = await fetch(client.authorizeUrl(), { redirect: 'manual' });
    const login = new URL(response.headers.get('location') ?? '', resource);
    const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    const page = await (await fetch(login, { headers: { cookie: cookie.join('; ') } })).text();
    for (const text of ['This is a demo', '<b>alice</b>', '<b>bob</b>']) assert.ok(page.includes(text), text);
    const browser = new Browser();
    assert.match((await signIn(client.authorizeUrl(), { browser, decision: 'deny' })).search, /access_denied/);
    for (const user of ['alice', 'bob'] as const) {
      const { access_token } = await client.login({ user, browser });
      const { sub } = JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString());
      assert.equal(sub, user);
    }
  });

  it('answers 401 without a token', async () => {
    const response = await fetch(resource, { method: 'POST', body: '{}' });
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer resource_metadata="/);
  });

  it('ends when nobody holds its stdin any more', async () => {
    child.stdin.end();
    assert.deepEqual(await closed, [0, null]);
  });
});
