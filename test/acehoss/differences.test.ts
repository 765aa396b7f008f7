/** What docs/migrating.md says is different from acehoss/mcp-gateway, where no other test of this folder shows it. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { RESERVED_NAMES } from '../../src/config/server-name.ts';
import { until } from '../helpers/wait.ts';
import { raw } from '../http/raw.ts';
import { startFor } from '../http/start-for.ts';
import { type Ended, ours, run, sharedGateway, startGateway, strict, temporaryFolder } from './gateway.ts';
import { RestSession, textOf } from './rest-client.ts';
import { call, openStream } from './stream.ts';

const servers = { small: strict() };

/** Runs with this `config.yaml`, if there is one, until it ends. */
function ended(t: TestContext, config?: string, args: readonly string[] = []): Promise<Ended> {
  const folder = temporaryFolder(t);
  if (config !== undefined) writeFileSync(join(folder, 'config.yaml'), config);
  return run(t, args, { folder }).done;
}

describe('a start that fails', () => {
  ours('tells of every mistake with its line, first in the words that are known, with exit code 1', async (t) => {
    const reserved = [...RESERVED_NAMES];
    const text = `port: 3000
auth:
  basic: {enabled: yes, credentials: [{username: "a:b", password: x}, {username: c, password: ""}]}
  bearer: {enabled: true, tokens: [""]}
servers:
  one: {args: [x]}
  two: {command: x, args: -y all}
  three: {command: "\${NOT_SET}"}
${reserved.map((name) => `  ${name}: {command: x}\n`).join('')}`;
    const { code, stdout, stderr } = await ended(t, text);
    assert.deepEqual([code, stdout], [1, ''], stderr);
    const [first = '', ...rest] = stderr.trimEnd().split('\n').slice(1);
    assert.match(first, /^Failed to load configuration: Error: /);
    const found = rest.map((line) => /^error: \S*config\.yaml:(\d+): (\S+): ./.exec(line)?.slice(1).join(' ') ?? line);
    assert.deepEqual(
      found.sort(),
      [
        ...reserved.map((name, index) => `${index + 9} servers${name.includes('.') ? `["${name}"]` : `.${name}`}`),
        '3 auth.basic.credentials[0].username',
        '3 auth.basic.credentials[1].password',
        '3 auth.basic.enabled',
        '4 auth.bearer.tokens[0]',
        '6 servers.one',
        '7 servers.two.args',
        '8 servers.three.command',
      ].sort(),
    );
  });

  ours('for a flag that nobody knows has exit code 2', async (t) => {
    const { code, stderr } = await ended(t, stringify({ port: 3000, servers }), ['--verbose']);
    assert.equal(code, 2);
    assert.match(stderr, /unknown option '--verbose'/);
  });

  ours('without any file shows how to start, with exit code 1', async (t) => {
    const { code, stderr } = await ended(t);
    assert.equal(code, 1);
    assert.match(stderr, /Usage: latchkey/);
  });

  ours('because the port is taken is one line, with exit code 1', async (t) => {
    const { url } = await startGateway(t, { servers });
    const { port } = new URL(url);
    const config = stringify({ hostname: '127.0.0.1', port: Number(port), servers });
    const { code, stderr } = await ended(t, config);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`port ${port} is in use`));
    assert.doesNotMatch(stderr, /listens at|\n\s+at /);
  });
});

describe('a gateway', () => {
  const gateway = sharedGateway(
    {
      servers: {
        ...servers,
        literal: strict('$${HOME}', '${MARK}'),
        other: { ...strict(), env: { KEY: '${KEY_OF_OTHER}' } },
      },
    },
    { env: { MARK: 'from outside', KEY_OF_OTHER: 'not for all' } },
  );
  const session = (): RestSession => new RestSession(gateway().url);

  afterEach(() => {
    assert.ok(gateway().isRunning());
  });

  ours('fills in variables, unless they are written as `$${VAR}`', async () => {
    assert.deepEqual(JSON.parse(await session().text('literal/argv')), ['${HOME}', 'from outside']);
  });

  ours('keeps what only another entry names from a program', async () => {
    assert.equal(await session().text('other/env', { name: 'KEY' }), 'not for all');
    for (const name of ['KEY', 'KEY_OF_OTHER']) assert.equal(await session().text('small/env', { name }), '', name);
  });

  ours('decodes the names of tools in paths, slashes and all', async () => {
    for (const name of ['odd/na%20me', 'odd%2Fna%20me', 'od%64/na%20me']) {
      assert.deepEqual(await session().result(`small/${name}`), { code: -32602, message: 'Unknown tool: odd/na me' });
    }
  });

  ours('runs no tool for another method than POST', async () => {
    const mine = session();
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const { status } = await raw(gateway().url, { method, path: `/api/small/count?sessionId=${mine.id}` });
      assert.equal(status, 405, method);
    }
    assert.equal(await mine.text('small/count'), '1');
  });

  ours('answers an id that is still under way with an error, and the first call as it should', async (t) => {
    const stream = await openStream(t, gateway().url, '/small');
    await stream.begin();
    const hold = {
      jsonrpc: '2.0',
      id: 'twice',
      method: 'tools/call',
      params: { name: 'hold', arguments: { key: 'a' } },
    };
    for (const message of [hold, hold]) await stream.post(message);
    assert.ok((await stream.answer('twice')).error);
    assert.equal(textOf(await call(stream, 'holding')), '1');
    await call(stream, 'release');
    const answers = (): readonly unknown[] => stream.messages.filter(({ id }) => id === 'twice');
    await until(() => answers().length === 2);
    assert.deepEqual(answers()[1], { jsonrpc: '2.0', id: 'twice', result: { content: [{ type: 'text', text: 'a' }] } });
  });

  ours('logs lines of JSON on stderr, and nothing on stdout', async (t) => {
    const { url, stop } = await startGateway(t, { servers, debug: { level: 'verbose' } });
    await new RestSession(url).text('small/count');
    const { stdout, stderr } = await stop();
    assert.equal(stdout, '');
    const [first, ...lines] = stderr
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('warning: '));
    assert.equal(first, 'Loading configuration from ./config.yaml');
    assert.ok(lines.length > 2);
    for (const line of lines) assert.equal(typeof JSON.parse(line), 'object');
  });
});

describe('without `auth`', () => {
  const statusOf = async (url: string, ...headers: readonly string[]): Promise<number> =>
    (await raw(url, { path: '/api/sessionid', headers })).status;

  ours('answers under names that nobody else can have, and those that the file gives', async (t) => {
    const keys = { allowed_hosts: ['gateway.example.com'], public_url: 'https://tools.example.org' };
    const { url } = await startFor(t, { servers, keys });
    const fine = ['localhost', '192.0.2.7', '[::1]', 'mcp', 'mcp.local', 'mcp.internal', 'gateway.example.com'];
    for (const host of [...fine, 'tools.example.org']) assert.equal(await statusOf(url, 'host', host), 200, host);
    for (const host of ['other.example.com', 'example.org', 'mcp.local.example.org']) {
      assert.equal(await statusOf(url, 'host', host), 403, host);
    }
  });

  ours('lets in no web pages of other machines but those that are listed', async (t) => {
    const app = await startFor(t, { servers });
    assert.equal(await statusOf(app.url, 'origin', 'http://localhost:1234'), 200);
    const other = await startFor(t, { servers, argv: ['--cors-allow-origins', 'https://your.page'] });
    assert.equal(await statusOf(other.url, 'origin', 'https://your.page'), 200);
    for (const { url } of [app, other]) {
      for (const origin of ['https://other.page', 'null']) {
        assert.equal(await statusOf(url, 'origin', origin), 403, origin);
      }
    }
  });
});
