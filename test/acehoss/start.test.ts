/** How a gateway starts with the files that users of acehoss/mcp-gateway have, and what their servers get. */
import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { freePort } from '../helpers/free-port.ts';
import { until } from '../helpers/wait.ts';
import { basic, raw } from '../http/raw.ts';
import {
  type Ended,
  ours,
  published,
  run,
  type Surroundings,
  sharedGateway,
  startGateway,
  strict,
  temporaryFolder,
  type Yaml,
} from './gateway.ts';
import { RestSession } from './rest-client.ts';
import { call, openStream } from './stream.ts';

const small = strict();
const MINIMAL: Yaml = { hostname: '127.0.0.1', port: 3000, servers: { small } };

/** Runs in a folder that has these files until it ends. */
async function runIn(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  env: Surroundings['env'] = {},
): Promise<Ended> {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return run(t, args, { folder, env }).done;
}

/** What was printed, without the lines that tell of the start; the original has these on stdout, too. */
function documentIn({ stdout }: Ended): string {
  return stdout.replace(/^(Loading configuration|No hostname) .*\n/gm, '');
}

const DUMP_JSON = ['--schemaDump', '--schemaFormat', 'json'];

describe('the file', () => {
  for (const [what, files, env, name] of [
    ['is ./config.yaml', { 'config.yaml': stringify(MINIMAL) }, {}, './config.yaml'],
    [
      'is ./config.yaml where CONFIG_PATH is empty',
      { 'config.yaml': stringify(MINIMAL) },
      { CONFIG_PATH: '' },
      './config.yaml',
    ],
    ['is what CONFIG_PATH names', { 'mine.yaml': stringify(MINIMAL) }, { CONFIG_PATH: 'mine.yaml' }, 'mine.yaml'],
    ['may be JSON', { 'mine.yml': JSON.stringify(MINIMAL) }, { CONFIG_PATH: 'mine.yml' }, 'mine.yml'],
  ] as const) {
    test(what, async (t) => {
      const ended = await runIn(t, files, DUMP_JSON, env);
      assert.equal(ended.code, 0, ended.stderr);
      assert.ok(JSON.parse(documentIn(ended)).paths['/small/pid']);
      assert.ok((ended.stdout + ended.stderr).includes(`Loading configuration from ${name}\n`));
    });
  }

  test('without a host is told of, in the second line', async (t) => {
    const { hostname: _, ...rest } = MINIMAL;
    const { stdout, stderr } = await runIn(t, { 'config.yaml': stringify(rest) }, ['--schemaDump']);
    const lines = (stdout.startsWith('Loading') ? stdout : stderr).split('\n');
    assert.deepEqual(lines.slice(0, 2), [
      'Loading configuration from ./config.yaml',
      'No hostname specified, defaulting to 0.0.0.0',
    ]);
  });

  const { port: _, ...portless } = MINIMAL;
  for (const [what, text, message] of [
    ['without a port', stringify(portless), 'Error: Port must be specified in config'],
    ['with port 0', stringify({ ...MINIMAL, port: 0 }), 'Error: Port must be specified in config'],
    [
      'without servers',
      stringify({ hostname: '127.0.0.1', port: 3000 }),
      'Error: At least one server must be configured',
    ],
    ['with no server', stringify({ ...MINIMAL, servers: {} }), 'Error: At least one server must be configured'],
    ['that is no YAML', 'servers:\n  - [half\nport: 3000', 'YAMLParseError: '],
    ['with a key twice', `${stringify(MINIMAL)}port: 4000\n`, 'YAMLParseError: '],
    ['that is missing', undefined, "Error: ENOENT: no such file or directory, open 'mine.yaml'"],
  ] as const) {
    test(`${what} is told of, with exit code 1`, async (t) => {
      const files = text === undefined ? {} : { 'mine.yaml': text };
      const { code, stdout, stderr } = await runIn(t, files, [], { CONFIG_PATH: 'mine.yaml' });
      assert.equal(code, 1, stderr);
      assert.ok((stdout + stderr).startsWith('Loading configuration from mine.yaml\n'), stdout + stderr);
      assert.ok(stderr.includes(`Failed to load configuration: ${message}`), stderr);
    });
  }

  ours('with an unknown log level is an error of usage', async (t) => {
    const text = stringify({ ...MINIMAL, debug: { level: 'loud' } });
    const { code, stderr } = await runIn(t, { 'config.yaml': text }, []);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /loud/);
  });
});

describe('the dump', () => {
  const config = stringify({
    ...MINIMAL,
    servers: { filesystem: published('filesystem', '.'), everything: published('everything'), small },
  });

  const flags: readonly (readonly [string, readonly string[]])[] = [
    ['in JSON', DUMP_JSON],
    ['in JSON by flags with hyphens', ['--schema-dump', '--schema-format', 'json']],
    ['in YAML', ['--schemaDump']],
  ];
  for (const [what, args] of flags) {
    test(`tells of all tools ${what}`, async (t) => {
      const ended = await runIn(t, { 'config.yaml': config }, args);
      assert.equal(ended.code, 0, ended.stderr);
      const text = documentIn(ended);
      const { openapi, info, paths } = args.includes('json') ? JSON.parse(text) : parse(text);
      assert.deepEqual([openapi, info], ['3.0.0', { title: 'MCP Gateway Tools', version: '1.0.0' }]);
      const names: readonly string[] = Object.keys(paths);
      const servers = [...new Set(names.map((path) => path.split('/')[1]))];
      assert.deepEqual(servers, ['filesystem', 'everything', 'small', 'sessionid']);
      assert.equal(paths['/everything/echo'].post.operationId, 'everything-echo');
      assert.equal(
        paths['/filesystem/read_text_file'].post.requestBody.content['application/json'].schema.type,
        'object',
      );
    });
  }

  ours('is all that stands on stdout', async (t) => {
    const { stdout, stderr } = await runIn(t, { 'config.yaml': config }, DUMP_JSON);
    JSON.parse(stdout);
    assert.match(stderr, /^Loading configuration from \.\/config\.yaml\n/);
  });
});

describe('a server', () => {
  const gateway = sharedGateway(
    {
      unknown: { key: true },
      servers: {
        small: { ...small, unknown: 1 },
        numbers: { ...small, args: [...(small.args as string[]), 7, 1.5] },
        inside: { ...small, path: 'inside' },
        absent: { command: 'no-such-program' },
      },
    },
    { env: { MARK: 'from the gateway', LATCHKEY_SECRET: 'this-is-a-secret-of-the-gateway-alone' } },
  );
  const session = (): RestSession => new RestSession(gateway().url);

  test('works beside keys that nobody knows, and servers that cannot start', async () => {
    assert.equal(await session().text('small/count'), '1');
  });

  test('has numbers among its arguments as text', async () => {
    assert.deepEqual(JSON.parse(await session().text('numbers/argv')).slice(-2), ['7', '1.5']);
  });

  test('has the environment of the gateway', async () => {
    assert.equal(await session().text('small/env', { name: 'MARK' }), 'from the gateway');
  });

  ours('has no secret of the gateway', async () => {
    assert.equal(await session().text('small/env', { name: 'LATCHKEY_SECRET' }), '');
  });

  test('runs in the folder of the gateway', async () => {
    assert.equal(await session().text('small/cwd'), realpathSync(gateway().folder));
  });

  ours('runs in its `path`', async () => {
    mkdirSync(join(gateway().folder, 'inside'));
    assert.equal(await session().text('inside/cwd'), join(realpathSync(gateway().folder), 'inside'));
  });

  test('has its stderr among that of the gateway', async () => {
    await session().text('small/stderr', { text: 'a word from the child' });
    await until(() => gateway().output().includes('a word from the child'));
  });
});

test('the port may be text', async (t) => {
  const { url } = await startGateway(t, { servers: { small }, port: String(await freePort()) });
  assert.equal((await raw(url, { path: '/api/sessionid' })).status, 200);
});

ours('no log level tells what is nobody else’s business', async (t) => {
  const auth = {
    basic: { enabled: true, credentials: [{ username: 'admin', password: 'pass-word-1' }] },
    bearer: { enabled: true, tokens: ['token-one'] },
  };
  const gateway = await startGateway(t, { servers: { small }, auth, debug: { level: 'verbose' } });
  const credential = basic('admin', 'pass-word-1');
  const session = new RestSession(gateway.url, ['authorization', credential]);
  await session.text('small/echo', { text: 'walnut' });
  const stream = await openStream(t, gateway.url, '/small', { authorization: 'Bearer token-one' });
  await stream.begin();
  await call(stream, 'echo', { text: 'hazelnut' });
  const wrong = ['authorization', basic('admin', 'wrong-word')];
  await raw(gateway.url, { path: '/small?token=in-the-query', headers: wrong });
  const { stdout, stderr } = await gateway.stop();
  assert.match(stderr, /small/);
  const id = (await stream.endpoint()).split('=')[1] ?? '';
  const secrets = [
    credential.slice(6),
    'pass-word-1',
    'token-one',
    'wrong-word',
    'in-the-query',
    session.id,
    id,
    'walnut',
    'hazelnut',
  ];
  assert.deepEqual(
    secrets.filter((secret) => (stdout + stderr).includes(secret)),
    [],
  );
});
