/** The process: exit codes, texts without stack traces, signals, and no child left behind. */
import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { USER_JWT_SECRET, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { emptyHome, type Place, runLatchkey, startLatchkey } from '../helpers/process.ts';
import { until } from '../helpers/wait.ts';

const EVERYTHING = resolve('node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const SERVER = { command: process.execPath, args: [EVERYTHING, 'stdio'] };

/** True while a process with that number exists and is no zombie. */
async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && !text.includes(') Z ');
}

async function childrenOf(pid: number | undefined): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

describe('the process', () => {
  let place: Place;
  before(async () => {
    place = await emptyHome();
  });
  after(() => place.remove());

  const configure = async (content: unknown, name = 'config.json'): Promise<string> => {
    const file = join(place.cwd, name);
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };

  it('says which way users of Open WebUI are known, and that it is not where the address says', async () => {
    const file = await configure({ mcpServers: { everything: SERVER } }, 'asking.json');
    const argv = ['--config', file, '--port', '0', '--store', 'memory', '--open-webui-url', 'http://127.0.0.1:1'];
    const running = startLatchkey(argv, place);
    await until(
      () => /open_webui\.url: Open WebUI is not reached at http:\/\/127\.0\.0\.1:1 \(\w+\)/.test(running.stderr()),
      15_000,
    );
    assert.match(running.stderr(), /Users of Open WebUI are known by: asking http:\/\/127\.0\.0\.1:1/);
    await running.stop();
  });

  it('without any server prints the usage and exits 1', async () => {
    const { code, stderr } = await runLatchkey([], place);
    assert.equal(code, 1);
    const [first = ''] = stderr.split('\n');
    assert.match(first, /no server to run/);
    for (const way of ['--config FILE', 'CONFIG_PATH', './config.yaml', './config.json', '--']) {
      assert.ok(first.includes(way), way);
    }
    assert.match(stderr, /Usage: latchkey/);
  });

  it('prints help and version on stdout and exits 0', async () => {
    const help = await runLatchkey(['--help'], place);
    assert.equal(help.code, 0);
    assert.ok(help.stdout.split('\n').length <= 25, 'fits a screen');
    const version = await runLatchkey(['version'], place);
    const manifest = JSON.parse(await readFile('package.json', 'utf8'));
    assert.equal(version.stdout, `${manifest.version}\n`);
  });

  it('tells all problems of a configuration at once, with exit code 2 and no stack trace', async () => {
    const file = await configure(
      { mcpServers: { a: {}, b: { command: 5 }, c: { url: ['$', '{NOPE}'].join('') } } },
      'bad.json',
    );
    const { code, stderr } = await runLatchkey(['check', '--config', file], place);
    assert.equal(code, 2);
    assert.match(stderr, /Server 'a' must have either/);
    assert.match(stderr, /mcpServers\.b\.command/);
    assert.match(stderr, /NOPE/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });

  it('check starts nothing and says what is configured', async () => {
    const file = await configure(
      { mcpServers: { a: { command: 'touch', args: [join(place.cwd, 'started')] } } },
      'ok.json',
    );
    const { code, stdout } = await runLatchkey(['check', '--config', file], place);
    assert.equal(code, 0);
    assert.match(stdout, /valid: 1 server/);
    await assert.rejects(stat(join(place.cwd, 'started')));
  });

  it('check never prints a secret', async () => {
    const file = await configure(
      {
        mcpServers: {
          a: {
            type: 'streamable-http',
            url: 'http://localhost:1/mcp?key=s3cret-q',
            headers: { Authorization: 'Bearer s3cret-h' },
          },
          b: { command: 'x', args: ['--token', 's3cret-a'], env: { T: 's3cret-e' } },
        },
      },
      'secrets.json',
    );
    const { stdout, stderr } = await runLatchkey(['check', '--config', file, '--api-key', 's3cret-k'], place);
    assert.doesNotMatch(stdout + stderr, /s3cret/);
  });

  it('dump prints one document on stdout and nothing else', async () => {
    const file = await configure({ mcpServers: { everything: SERVER } }, 'dump.json');
    const { code, stdout } = await runLatchkey(['dump', '--config', file], place);
    assert.equal(code, 0);
    const document = JSON.parse(stdout);
    assert.ok(document.paths['/everything/echo']);
  });

  it('dump names a server that failed, prints the others and exits 1', async () => {
    const file = await configure(
      { mcpServers: { everything: SERVER, broken: { command: 'no-such-program' } } },
      'half.json',
    );
    const { code, stdout, stderr } = await runLatchkey(['dump', '--config', file], place);
    assert.equal(code, 1);
    assert.ok(JSON.parse(stdout).paths['/everything/echo']);
    assert.match(stderr, /error: broken: .*no-such-program/);
  });

  it('a port in use is an error in one line', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => holder.once('listening', done));
    const address = holder.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const file = await configure({ mcpServers: { everything: SERVER } }, 'port.json');
    const { code, stderr } = await runLatchkey(['--port', port, '--store', 'memory', '--config', file], place);
    holder.close();
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`port ${port} is in use`));
    assert.doesNotMatch(stderr, /\n\s+at /);
  });

  it('a store that cannot be opened is exit code 2 and names the remedy', async () => {
    await mkdir(join(place.cwd, 'folder.db'));
    const file = await configure({ mcpServers: { everything: SERVER } }, 'store.json');
    const { code, stderr } = await runLatchkey(
      ['--store', `sqlite:${join(place.cwd, 'folder.db')}`, '--config', file],
      place,
    );
    assert.equal(code, 2);
    assert.match(stderr, /store: cannot open .*--store memory/);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends with its children on ${signal}`, async () => {
      const latchkey = startLatchkey(['--port', '0', '--', process.execPath, EVERYTHING, 'stdio'], place);
      const url = await latchkey.url;
      const answer = await fetch(`${url}/echo`, {
        method: 'POST',
        body: '{"message":"hi"}',
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(await answer.text(), '"Echo: hi"');
      const children = await childrenOf(latchkey.child.pid);
      assert.equal(children.length, 1);
      const { code } = await latchkey.stop(signal);
      assert.equal(code, 0);
      for (const pid of children) assert.equal(await isAlive(pid), false);
    });
  }

  it('answers a call that would outlast it, and ends with 0', async () => {
    const latchkey = startLatchkey(
      ['--port', '0', '--store', 'memory', '--', process.execPath, EVERYTHING, 'stdio'],
      place,
    );
    const url = await latchkey.url;
    const body = '{"duration": 60, "steps": 60}';
    const headers = { 'content-type': 'application/json' };
    const call = fetch(`${url}/trigger-long-running-operation`, { method: 'POST', body, headers });
    // One more answer on the same connection pool says that the long call has been sent.
    await (await fetch(`${url}/echo`, { method: 'POST', body: '{"message":"x"}', headers })).text();
    const ended = latchkey.stop('SIGTERM');
    const answer = await call;
    assert.equal(answer.status, 500);
    assert.deepEqual(await answer.json(), { detail: { message: 'Connection closed' } });
    assert.equal((await ended).code, 0);
  });

  it('logs the connection for Open WebUI as a list to paste, and no secret', async () => {
    const file = await configure({ mcpServers: { everything: SERVER } }, 'paste.json');
    const secrets = { LATCHKEY_API_KEY: 'hush-1-hush-1-hush-1', LATCHKEY_USER_JWT_SECRET: USER_JWT_SECRET };
    const env = { ...place.env, ...secrets, LATCHKEY_DOCUMENT_KEY: 'Az09._~-Az09._~-q' };
    const latchkey = startLatchkey(['--port', '0', '--store', 'memory', '--config', file], { ...place, env });
    await latchkey.url;
    await until(() => latchkey.stderr().includes('TOOL_SERVER_CONNECTIONS'), 30_000);
    const { stderr } = await latchkey.stop();
    const line = stderr.split('\n').find((text) => text.includes('TOOL_SERVER_CONNECTIONS')) ?? '';
    const { TOOL_SERVER_CONNECTIONS: list } = JSON.parse(line) as {
      TOOL_SERVER_CONNECTIONS: Record<string, unknown>[];
    };
    assert.equal(list.length, 1);
    assert.equal(list[0]?.path, 'openapi.json?key=Az09._~-Az09._~-q');
    assert.equal(list[0]?.auth_type, 'bearer');
    assert.equal(list[0]?.key, '<the API key of latchkey>');
    for (const secret of Object.values(secrets)) assert.ok(!stderr.includes(secret));
  });

  it('logs no such connection where no user of Open WebUI would be known', async () => {
    const file = await configure({ mcpServers: { everything: SERVER } }, 'no-paste.json');
    const latchkey = startLatchkey(['--port', '0', '--store', 'memory', '--config', file], place);
    const url = await latchkey.url;
    await until(() => latchkey.stderr().includes('server is ready'), 30_000);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    assert.ok(!(await latchkey.stop()).stderr.includes('TOOL_SERVER_CONNECTIONS'));
  });

  it('lets no child see a secret of its own, wherever it came from', async () => {
    const seen = join(place.cwd, 'seen.txt');
    const script = `env > "${seen}.part"; mv "${seen}.part" "${seen}"; exec "${process.execPath}" "${EVERYTHING}" stdio`;
    const file = await configure({ mcpServers: { spy: { command: 'sh', args: ['-c', script] } } }, 'spy.json');
    const env = {
      ...place.env,
      WEBUI_SECRET_KEY: WEBUI_SECRET,
      LATCHKEY_USER_JWT_SECRET: USER_JWT_SECRET,
      LATCHKEY_API_KEY: 'a-long-enough-key',
      VISIBLE: 'yes',
    };
    const args = [
      '--port',
      '0',
      '--store',
      'memory',
      '--config',
      file,
      '-e',
      'LATCHKEY_DOCUMENT_KEY=Az09._~-Az09._~-q',
    ];
    const latchkey = startLatchkey(args, { ...place, env });
    await latchkey.url;
    await until(() => latchkey.stderr().includes('server is ready'), 30_000);
    await latchkey.stop();
    const text = await readFile(seen, 'utf8');
    assert.match(text, /^VISIBLE=yes$/m);
    assert.doesNotMatch(text, /WEBUI_SECRET_KEY|LATCHKEY_|Az09/);
  });

  it('keeps tool definitions over a restart: documents are there before the server is', async () => {
    const marker = join(place.cwd, 'second-run');
    const hangsLater = `test -e ${marker} && exec sleep 60; exec "${process.execPath}" "${EVERYTHING}" stdio`;
    const server = { command: 'sh', args: ['-c', hangsLater] };
    const file = await configure({ mcpServers: { everything: server } }, 'restart.json');
    const first = startLatchkey(['--port', '0', '--config', file], place);
    const before = await (await fetch(`${await first.url}/everything/openapi.json`)).json();
    await first.stop();
    assert.ok((await stat(join(place.cwd, '.latchkey/latchkey.db'))).isFile());
    await writeFile(marker, '');
    const second = startLatchkey(['--port', '0', '--config', file], place);
    const after = await (await fetch(`${await second.url}/everything/openapi.json`)).json();
    await second.stop();
    assert.deepEqual(after, before);
  });
});
