/** docker-compose.yml without Docker: what it sets is known, fits together, and latchkey runs as it says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { parseCli } from '../../src/cli.ts';
import { loadAll, resolveSource, type Settings } from '../../src/settings.ts';
import { type OpenWebuiConnection, openWebuiConnection } from '../../src/web/open-webui.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { childEndpoint } from '../helpers/configs.ts';
import { freePort } from '../helpers/free-port.ts';
import { userJwt } from '../helpers/open-webui-users.ts';
import { emptyHome, type Place, startLatchkey } from '../helpers/process.ts';
import { type ProtectedServer, startProtectedServer } from '../helpers/protected-server.ts';
import { until } from '../helpers/wait.ts';
import { ChatUser, CODE } from './chat-user.ts';

interface Bind {
  readonly type: 'bind';
  readonly source: string;
  readonly target: string;
  readonly read_only: boolean;
  readonly bind: { readonly create_host_path: boolean };
}

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly ports: readonly string[];
  readonly volumes: readonly (string | Bind)[];
  readonly environment: Readonly<Record<string, string>>;
}

const TEXT = readFileSync('docker-compose.yml', 'utf8');
const HEAD = TEXT.split('\nservices:')[0] ?? '';
const FILE = parse(TEXT) as { services: Record<string, Service>; volumes: Record<string, unknown> };
const VARIABLE = /\$\{(\w+)(?::([?-])([^}]*))?\}/g;
const NAMES = [...new Set([...TEXT.matchAll(VARIABLE)].map(([, name = '']) => name))];
const IN_IMAGE = '/app/config.yaml';

/** What the head shows: the configuration, then the command that makes the secrets. */
const [SHOWN = '', MAKE_SECRETS = ''] = HEAD.split(/^#$/m)
  .map((part) => [...part.matchAll(/^# {6}(.*)$/gm)].map(([, line = '']) => `${line}\n`).join(''))
  .filter((block) => block !== '' && !block.startsWith(' '));

/** As `docker compose` reads a value. */
function interpolated(value: string, env: Readonly<Record<string, string>>): string {
  return value.replace(VARIABLE, (_, name: string, mark: string | undefined, word: string | undefined) => {
    const given = env[name] ?? '';
    if (given === '' && mark === '?') assert.fail(`${name}: ${word}`);
    return given === '' && mark === '-' ? (word ?? '') : given;
  });
}

/** A service as it starts with these variables in `.env`. */
function service(name: string, env: Readonly<Record<string, string>>): Service {
  const found = FILE.services[name];
  assert.ok(found, name);
  const environment = Object.entries(found.environment).map(([key, value]) => [key, interpolated(value, env)]);
  return { ...found, environment: Object.fromEntries(environment) };
}

function connectionOf(env: Readonly<Record<string, string>>): OpenWebuiConnection {
  const list = JSON.parse(
    service('open-webui', env).environment.TOOL_SERVER_CONNECTIONS ?? '',
  ) as OpenWebuiConnection[];
  const [connection, ...more] = list;
  assert.ok(connection !== undefined && more.length === 0, 'one connection');
  return connection;
}

/** The arguments in the container: those of the image, then those of the file. */
function argumentsOf(latchkey: Service): string[] {
  const entry = /^ENTRYPOINT (.*)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1] ?? '[]';
  const [, , ...own] = JSON.parse(entry) as string[];
  return [...own, ...(latchkey.command ?? [])];
}

async function isReady(home: string): Promise<boolean> {
  const response = await fetch(`${home}/readyz`).catch(() => undefined);
  await response?.arrayBuffer();
  return response?.status === 200;
}

describe('docker-compose.yml', () => {
  let place: Place;
  let as: AuthorizationServer;
  let notes: ProtectedServer;
  let secrets: Record<string, string>;

  before(async () => {
    place = await emptyHome();
    as = await startAuthorizationServer();
    notes = await startProtectedServer({ authorization: as });
    const { command, args } = childEndpoint();
    const shared = { command, args };
    const { mcpServers, ...rest } = parse(SHOWN.replace('https://notes.example.com/mcp', notes.url.href));
    assert.deepEqual(rest, {}, 'servers and nothing else');
    writeFileSync(join(place.cwd, 'config.yaml'), JSON.stringify({ mcpServers: { ...mcpServers, shared } }));
    secrets = madeByTheHead();
  });
  after(async () => {
    await notes.close();
    await as.close();
    await place.remove();
  });

  /** Runs the command of the head in an empty folder, and reads the file that it makes. */
  function madeByTheHead(): Record<string, string> {
    const file = join(place.cwd, '.env');
    execFileSync('bash', ['-c', MAKE_SECRETS], { cwd: place.cwd, env: place.env });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.split('=') as [string, string]));
  }

  async function settingsOf(env: Readonly<Record<string, string>>): Promise<Settings> {
    const latchkey = service('latchkey', env);
    const args = argumentsOf(latchkey).map((word) => (word === IN_IMAGE ? join(place.cwd, 'config.yaml') : word));
    const parsed = parseCli(args, latchkey.environment);
    assert.ok(parsed.kind === 'run' && parsed.command === 'serve', parsed.kind === 'print' ? parsed.text : '');
    const source = resolveSource(parsed.flags, parsed.env);
    assert.ok(source !== undefined, 'names no file');
    return (await loadAll(parsed.flags, parsed.env, source)).settings;
  }

  it('says in its head what each variable is, and makes all that must be there', () => {
    for (const name of NAMES) assert.match(HEAD, new RegExp(`^#   ${name} `, 'm'));
    const needed = [...TEXT.matchAll(VARIABLE)].filter(([, , mark]) => mark === '?').map(([, name = '']) => name);
    assert.deepEqual(Object.keys(secrets).sort(), needed.sort());
    for (const name of NAMES.filter((name) => name !== 'PUBLIC_URL')) {
      assert.throws(() => Object.keys(FILE.services).map((key) => service(key, { ...secrets, [name]: '' })), /head of/);
    }
  });

  it('keeps the secrets that are there when its head is followed again', () => {
    execFileSync('bash', ['-ec', MAKE_SECRETS], { cwd: place.cwd, env: place.env });
    const lines = Object.entries(secrets).map((pair) => `${pair.join('=')}\n`);
    assert.equal(readFileSync(join(place.cwd, '.env'), 'utf8'), lines.join(''));
  });

  it('has flags in comments that latchkey knows', () => {
    const flags = [...TEXT.matchAll(/^ {6}# - (\S+)$/gm)].map(([, word = '']) => word);
    const parsed = parseCli(flags, {});
    assert.ok(parsed.kind === 'run');
    assert.deepEqual(parsed.flags.trustProxy, ['172.16.0.0/12']);
  });

  it('sets nothing that latchkey does not know, and everything reaches its settings', async () => {
    const latchkey = service('latchkey', secrets);
    const { apiKey, documentKey, openWebui, publicUrl, host, port, warnings } = await settingsOf(secrets);
    const reached: Record<string, unknown> = {
      LATCHKEY_API_KEY: apiKey,
      LATCHKEY_DOCUMENT_KEY: documentKey,
      LATCHKEY_USER_JWT_SECRET: openWebui.userJwtSecret,
      PUBLIC_URL: publicUrl.origin,
      // The store's, which is opened in the last test.
      LATCHKEY_SECRET: secrets.LATCHKEY_SECRET,
    };
    assert.deepEqual(reached, latchkey.environment);
    assert.deepEqual([host, port], ['0.0.0.0', 8000]);
    assert.deepEqual(warnings, []);
  });

  it('tells Open WebUI what it knows, and latchkey nothing that is Open WebUI’s own', () => {
    const { environment, image, depends_on: after } = service('open-webui', secrets);
    assert.deepEqual(Object.keys(environment), [
      'WEBUI_SECRET_KEY',
      'ENABLE_FORWARD_USER_INFO_HEADERS',
      'FORWARD_USER_INFO_HEADER_JWT_SECRET',
      'TOOL_SERVER_CONNECTIONS',
    ]);
    assert.match(image ?? '', /^ghcr\.io\/open-webui\/open-webui:\d+\.\d+\.\d+$/);
    assert.deepEqual(after, ['latchkey']);
    const { environment: ours } = service('latchkey', secrets);
    assert.equal(environment.FORWARD_USER_INFO_HEADER_JWT_SECRET, ours.LATCHKEY_USER_JWT_SECRET);
    assert.doesNotMatch(JSON.stringify(ours), new RegExp(`WEBUI_SECRET_KEY|${environment.WEBUI_SECRET_KEY}`));
  });

  it('adds the connection that latchkey itself would tell, by its name between containers', async () => {
    const expected = openWebuiConnection(await settingsOf(secrets), []);
    const { url, info } = connectionOf(secrets);
    assert.ok(expected, 'there is something to paste');
    assert.deepEqual(connectionOf(secrets), {
      ...expected,
      url,
      key: secrets.LATCHKEY_API_KEY,
      info: { ...expected.info, description: info.description },
    });
    assert.notEqual(info.description, '');
  });

  it('has ports, paths and volumes that fit together', () => {
    const latchkey = service('latchkey', secrets);
    const published = latchkey.ports.map((port) => port.split(':'));
    const port = latchkey.command?.[latchkey.command.indexOf('--port') + 1];
    assert.deepEqual(published, [['127.0.0.1', new URL(latchkey.environment.PUBLIC_URL ?? '').port, port]]);
    assert.equal(connectionOf(secrets).url, `http://latchkey:${port}`);
    const [config, home, ...more] = latchkey.volumes;
    const bind = { create_host_path: false };
    assert.deepEqual(config, { type: 'bind', source: './config.yaml', target: IN_IMAGE, read_only: true, bind });
    assert.deepEqual([home, more], ['latchkey:/home/node', []]);
    assert.equal(latchkey.command?.[latchkey.command.indexOf('--config') + 1], IN_IMAGE);
    const named = Object.values(FILE.services).flatMap(({ volumes }) =>
      volumes.filter((one) => typeof one === 'string'),
    );
    assert.deepEqual(named.map((volume) => volume.split(':')[0]).sort(), Object.keys(FILE.volumes).sort());
    assert.equal(latchkey.build, '.');
  });

  it('starts a latchkey that serves the tools, and calls them as the user whom the header names', async () => {
    const port = await freePort();
    const home = `http://localhost:${port}`;
    const env = { ...secrets, PUBLIC_URL: home };
    const latchkey = service('latchkey', env);
    const args = argumentsOf(latchkey).map((word) => ({ [IN_IMAGE]: 'config.yaml', 8000: String(port) })[word] ?? word);
    const running = startLatchkey(args, { ...place, env: { ...place.env, ...latchkey.environment } });
    try {
      const failed = running.done.then(({ stderr }) => assert.fail(stderr));
      await Promise.race([until(() => isReady(home), 60_000), failed]);
      failed.catch(() => undefined);
      const { path, key } = connectionOf(env);
      const document = await fetch(`${home}/${path}`);
      assert.equal(document.status, 200);
      const { paths } = (await document.json()) as { paths: Record<string, unknown> };
      assert.ok(paths['/shared/echo'] && paths['/notes/connect_notes'], Object.keys(paths).join());

      const shared = { authorization: `Bearer ${key}` };
      const signed = await userJwt('u-1', { secret: secrets.LATCHKEY_USER_JWT_SECRET ?? '' });
      const nobody = new ChatUser(home, shared);
      const user = new ChatUser(home, { ...shared, 'x-openwebui-user-jwt': signed });
      assert.deepEqual(await user.call('/shared/echo', { text: 'hello' }), { status: 200, body: 'hello' });
      assert.equal(((await nobody.call('/notes/whoami')).body as { error: string }).error, 'identity_required');
      const { error, authorize_url: link } = (await user.call('/notes/whoami')).body as Record<string, string>;
      assert.equal(error, 'authorization_required');
      const { ended } = await user.follow(link ?? '', 'alice');
      const [code = ''] = CODE.exec(ended) ?? [];
      assert.equal((await user.call('/notes/connect_notes', { code })).status, 200);
      assert.deepEqual(await user.call('/notes/whoami'), { status: 200, body: 'alice' });
    } finally {
      await running.stop();
    }
  });
});
