/** A file with `servers` through the process: its first words, its end, what `check` says, hot reload. */
import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { emptyHome, type Outcome, type Place, runLatchkey, startLatchkey } from '../helpers/process.ts';
import { until } from '../helpers/wait.ts';

const SERVERS = 'servers: {files: {command: no-such-program}}';
const OPEN = 'hostname: 127.0.0.1\nport: 3000\n';

let place: Place;
before(async () => {
  place = await emptyHome();
});
after(() => place.remove());

const save = (text: string, name = 'gateway.yaml') => writeFile(join(place.cwd, name), text);

/** With `CONFIG_PATH`, as its users start it. */
async function check(text: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Outcome> {
  await save(text);
  const CONFIG_PATH = './gateway.yaml';
  return runLatchkey(['check', ...args], { ...place, env: { ...place.env, CONFIG_PATH, ...env } });
}

describe('the first lines', () => {
  it('name the file as it was given, and the host where the file names none', async () => {
    const { stdout, stderr, code } = await check(`port: 3000\n${SERVERS}`);
    assert.equal(code, 0);
    assert.match(stdout, /^Listens at 0\.0\.0\.0:3000\. Let in: everybody\.$/m);
    assert.deepEqual(stderr.split('\n').slice(0, 2), [
      'Loading configuration from ./gateway.yaml',
      'No hostname specified, defaulting to 0.0.0.0',
    ]);
    assert.match(stderr, /gateway\.yaml: hostname: anyone who reaches 0\.0\.0\.0:3000 can call every tool/);
  });

  it('do not speak of a host that the file or the command line names', async () => {
    const named = await check(`${OPEN}auth: {}\n${SERVERS}`, ['--api-key', 'a-long-key']);
    assert.match(named.stdout, /Let in: the API key\.$/m);
    const given = await check(`auth: {}\n${SERVERS}`, ['--host', '127.0.0.1', '--port', '4000']);
    assert.match(given.stdout, /^Listens at 127\.0\.0\.1:4000\. Let in: nobody\.$/m);
    for (const { stderr } of [named, given]) {
      assert.match(stderr, /^Loading configuration from \.\/gateway\.yaml\nwarning: .*: auth: nothing is enabled here/);
      assert.doesNotMatch(stderr, /hostname/);
    }
  });

  it('come before all others of the gateway, and of no file with mcpServers', async () => {
    await save(OPEN + SERVERS, 'config.yaml');
    const latchkey = startLatchkey(['--port', '0', '--store', 'memory'], place);
    assert.match(await latchkey.url, /^http:\/\/127\.0\.0\.1:/);
    const { stderr, stdout } = await latchkey.stop();
    assert.match(stderr, /^Loading configuration from \.\/config\.yaml\n/);
    assert.equal(stdout, '');
    // No program is started for nobody.
    assert.doesNotMatch(stderr, /no-such-program/);
    await save(`${OPEN}mcpServers: {files: {command: y}}`, 'config.yaml');
    assert.equal((await runLatchkey(['check'], place)).stderr, '');
  });
});

it('a file that cannot be used ends latchkey with the words and the exit code that its users know', async () => {
  const { code, stdout, stderr } = await check(SERVERS);
  assert.deepEqual(stderr.replaceAll(`${place.cwd}/`, '').split('\n'), [
    'Loading configuration from ./gateway.yaml',
    'Failed to load configuration: Error: Port must be specified in config',
    'error: gateway.yaml:1: port: Port must be specified in config (as port: 3000, or start with --port)',
    '',
  ]);
  assert.deepEqual([code, stdout], [1, '']);
  const loud = await check(`${OPEN}debug: {level: loud}\n${SERVERS}`);
  assert.equal(loud.code, 2);
  assert.doesNotMatch(loud.stderr, /Failed/);
});

describe('latchkey check', () => {
  it('says what such a file starts, and no secret', async () => {
    const auth =
      'auth: {basic: {enabled: true, credentials: [{username: a, password: hush}]}, bearer: {enabled: true, tokens: [hush, hush2]}}';
    const servers = 'servers: {a: {command: x}, b: {command: y, start: always}, __proto__: {command: z}}';
    const { stdout, stderr } = await check(`${OPEN}${auth}\nsessions: {total: 7, idle_minutes: 5}\n${servers}`);
    assert.deepEqual(stdout.split('\n').slice(0, -1), [
      'The configuration is valid: 3 servers.',
      '  a  stdio  x',
      '  b  stdio  y',
      '  __proto__  stdio  z',
      'Listens at 127.0.0.1:3000. Let in: accounts (1), tokens (2).',
      'Started with the gateway: b.',
      'Started when somebody needs it: a, __proto__.',
      'Processes of sessions: at most 32 for one caller and 7 for all; those of /api end after 5 minutes of rest.',
    ]);
    assert.doesNotMatch(stdout + stderr, /hush/);
  });
});

describe('where the home folder cannot be written', () => {
  const homeless = (): Place => ({ ...place, env: { ...place.env, HOME: join(place.cwd, 'gateway.yaml') } });
  const args = ['--port', '0', '--config', 'gateway.yaml'];
  const isRefused = async (argv: readonly string[], what: string): Promise<void> => {
    const latchkey = startLatchkey(argv, homeless());
    // Else it would serve for ever.
    void latchkey.url.then(() => latchkey.stop());
    const { code, stderr } = await latchkey.done;
    assert.equal(code, 2, what);
    assert.match(stderr, /error: .*cannot open sqlite:/);
  };

  it('such a file is served from memory, with a warning that stays', async () => {
    await save(OPEN + SERVERS);
    const latchkey = startLatchkey([...args, '--hot-reload'], homeless());
    const url = await latchkey.url;
    const warning =
      /cannot open sqlite:\S+: ENOTDIR.*; tool lists, sign-ins and access tokens are forgotten at the end/;
    const page = async (): Promise<string> => (await fetch(url, { headers: { accept: 'text/html' } })).text();
    assert.match(await page(), warning);
    await save(`${OPEN}servers: {other: {command: y}}`, 'next.yaml');
    await rename(join(place.cwd, 'next.yaml'), join(place.cwd, 'gateway.yaml'));
    await until(async () => (await page()).includes('>other<'), 10_000);
    assert.match(await page(), warning);
    const { code, stderr } = await latchkey.stop();
    assert.equal(code, 0);
    assert.match(stderr, warning);
    assert.match(stderr, /say --store sqlite:PATH to keep them/);
  });

  it('a store that was asked for, and logins at servers, are not given up', async () => {
    const oauth = 'servers: {a: {url: "http://127.0.0.1:1/mcp", oauth: true}}';
    const files = [
      `${OPEN}store: "sqlite:~/x.db"\n${SERVERS}`,
      `${OPEN}${oauth}`,
      `${OPEN}mcpServers: {files: {command: y}}`,
    ];
    for (const text of files) {
      await save(text);
      await isRefused(args, text);
    }
    await save(OPEN + SERVERS);
    await isRefused([...args, '--store', 'sqlite:gateway.yaml/x.db'], 'the flag');
  });
});

describe('hot reload', () => {
  it('takes another file with servers, and none of another kind', async () => {
    await save(OPEN + SERVERS, 'hot.yaml');
    const args = ['--port', '0', '--store', 'memory', '--hot-reload', '--config', 'hot.yaml'];
    const latchkey = startLatchkey(args, place);
    await latchkey.url;
    const replace = async (text: string) => {
      await save(text, 'next.yaml');
      await rename(join(place.cwd, 'next.yaml'), join(place.cwd, 'hot.yaml'));
    };
    const told = (text: string) => until(() => latchkey.stderr().includes(text), 10_000);
    await replace(`${OPEN}servers: {other: {command: y}}`);
    await told('"added":["other"],"removed":["files"]');
    await replace('hostname: 127.0.0.1\nmcpServers: {third: {command: y}}');
    await told("lists its servers under 'mcpServers' now, and did under 'servers' (restart for this)");
    await replace(`${OPEN}debug: {level: debug}\nservers: {last: {command: y}}`);
    await told('gateway keys have changed; they take effect after a restart');
    await told('"added":["last"],"removed":["other"]');
    const { stderr } = await latchkey.stop();
    assert.equal(stderr.match(/Loading configuration/g)?.length, 1);
    assert.doesNotMatch(stderr, /third/);
  });
});
