/** `--schemaDump` and `dump` as a process with real servers: what is on stdout, what on stderr, and what is left behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { ChildRecord, childEndpoint, isRunning, TSX } from '../helpers/configs.ts';
import { emptyHome, type Outcome, type Place, runLatchkey, startLatchkey } from '../helpers/process.ts';
import { until } from '../helpers/wait.ts';

const PACKAGES = resolve('node_modules/@modelcontextprotocol');
const FILESYSTEM = join(PACKAGES, 'server-filesystem/dist/index.js');
const EVERYTHING = join(PACKAGES, 'server-everything/dist/index.js');
const DUMP = pathToFileURL(resolve('src/commands/dump.ts')).href;
/** More than a pipe holds. */
const MANY = 2_000;

interface Document {
  readonly openapi: string;
  readonly servers: unknown;
  readonly paths: Record<string, Record<string, unknown>>;
  readonly components?: { readonly securitySchemes: unknown };
  readonly security?: unknown;
}

/** Answers `tools/list` with the tools in its argument; whoever lists before the handshake is over is refused. */
const LISTING = `
const tools = JSON.parse(process.argv[2]);
let isOpen = false;
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (method === 'notifications/initialized') isOpen = true;
  if (id === undefined) return;
  const serverInfo = { name: 'listing', version: '1' };
  const welcome = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo };
  const result = method === 'initialize' ? welcome : method === 'tools/list' && isOpen ? { tools } : undefined;
  const error = { code: -32602, message: 'Invalid request parameters' };
  console.log(JSON.stringify({ jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) }));
});
`;

describe('the dump of /api', () => {
  let place: Place;
  const record = new ChildRecord();
  before(async () => {
    place = await emptyHome();
    await writeFile(join(place.cwd, 'listing.cjs'), LISTING);
  });
  after(async () => {
    record.remove();
    await place.remove();
  });

  /** As a servers file; JSON is YAML. Returns its path. */
  const configure = async (name: string, servers: object, more: object = {}): Promise<string> => {
    const file = join(place.cwd, name);
    await writeFile(file, JSON.stringify({ hostname: '127.0.0.1', port: 3000, servers, ...more }));
    return file;
  };
  const node = (...args: string[]): object => ({ command: process.execPath, args });
  const child = (options: Parameters<typeof childEndpoint>[0]): object => {
    const { command, args } = childEndpoint({ record: record.file, ...options });
    return { command, args };
  };
  const read = ({ stdout }: Outcome): Document => parse(stdout) as Document;

  it('with ./config.yaml prints YAML on stdout, and nothing else there; the rest is on stderr', async () => {
    const home = await emptyHome();
    await mkdir(join(home.cwd, 'files'));
    const servers = { files: node(FILESYSTEM, join(home.cwd, 'files')), every: node(EVERYTHING, 'stdio') };
    await writeFile(join(home.cwd, 'config.yaml'), JSON.stringify({ port: 3000, servers }));
    const yaml = await runLatchkey(['--schemaDump'], home);
    assert.equal(yaml.code, 0, yaml.stderr);
    assert.match(yaml.stdout, /^openapi: 3\.0\.0\ninfo:\n {2}title: MCP Gateway Tools\n/);
    const { servers: where, paths } = read(yaml);
    assert.deepEqual(where, [{ url: 'http://localhost:3000/api' }]);
    const names = Object.keys(paths);
    assert.ok(names.indexOf('/files/read_text_file') < names.indexOf('/every/echo'), 'in the order of the file');
    assert.equal(names.at(-1), '/sessionid');
    assert.match(yaml.stderr, /^Loading configuration from \.\/config\.yaml\n/);
    assert.match(yaml.stderr, /Secure MCP Filesystem Server running on stdio/);
    const json = await runLatchkey(['dump', '--schemaFormat', 'json'], home);
    assert.equal(json.code, 0, json.stderr);
    assert.deepEqual(JSON.parse(json.stdout), read(yaml));
    assert.equal(json.stdout, `${JSON.stringify(JSON.parse(json.stdout), null, 2)}\n`);
    await home.remove();
  });

  it('asks after the handshake, for all pages, whatever else is on stdout; filters hold', async () => {
    const noisy = { ...child({ noise: true, pageSize: 3, extraTools: 4 }), disabledTools: ['add', 'extra-0'] };
    const file = await configure('pages.yaml', { noisy });
    const outcome = await runLatchkey(['dump', '--config', file], place);
    assert.equal(outcome.code, 0, outcome.stderr);
    const names = Object.keys(read(outcome).paths);
    for (const tool of ['echo', 'extra-1', 'extra-3']) assert.ok(names.includes(`/noisy/${tool}`), tool);
    for (const tool of ['add', 'extra-0']) assert.ok(!names.includes(`/noisy/${tool}`), tool);
    assert.ok(!record.pids().some(isRunning), 'no child is left');
  });

  it('says the host that the gateway listens at, where localhost does not lead there', async () => {
    const own = ['127.0.0.2', '192.168.1.100', 'gateway.lan', 'fd00::5'];
    const asLocalhost = ['0.0.0.0', '::', '::1', 'LocalHost'];
    const file = await configure('hosts.yaml', { a: node('listing.cjs', '[]') });
    for (const host of [...own, ...asLocalhost]) {
      const outcome = await runLatchkey(['--schemaDump', '--host', host, '--root-path', '/mcp', '-c', file], place);
      const name = asLocalhost.includes(host) ? 'localhost' : host.replace('fd00::5', '[fd00::5]');
      assert.deepEqual(read(outcome).servers, [{ url: `http://${name}:3000/mcp/api` }], host);
    }
    const named = ['--schemaDump', '--host', '127.0.0.2', '--public-url', 'http://localhost:3000', '-c', file];
    assert.deepEqual(read(await runLatchkey(named, place)).servers, [{ url: 'http://localhost:3000/api' }]);
  });

  it('an unknown format is YAML, with a warning', async () => {
    const file = await configure('format.yaml', { a: node('listing.cjs', '[{"name":"t"}]') });
    const { code, stdout, stderr } = await runLatchkey(['--schemaDump', '--schemaFormat', 'JSON', '-c', file], place);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^openapi: 3\.0\.0\n/);
    assert.match(stderr, /warning: --schema-format: "JSON" is neither yaml nor json/);
  });

  it('names on stderr which server failed and why, prints the others, and exits 1', async () => {
    const servers = {
      missing: { command: 'no-such-program' },
      well: node('listing.cjs', '[{"name":"t"}]'),
      dying: child({ atStart: 'die' }),
      refusing: node('listing.cjs', '{}'),
    };
    const outcome = await runLatchkey(['--schemaDump', '-c', await configure('failing.yaml', servers)], place);
    assert.equal(outcome.code, 1);
    assert.deepEqual(Object.keys(read(outcome).paths), ['/well/t', '/sessionid']);
    assert.match(outcome.stderr, /^error: missing: .*no-such-program ENOENT$/m);
    assert.match(outcome.stderr, /^error: dying: .*cannot read my settings/m);
    assert.match(outcome.stderr, /^error: refusing: .*tools\/list/m);
    assert.doesNotMatch(outcome.stderr, /\n\s+at /);
  });

  it('waits for a server that never answers only so long, and ends it', async () => {
    const mute = "require('fs').writeFileSync('mute.pid', String(process.pid)); setInterval(() => undefined, 1_000)";
    const servers = { mute: node('-e', mute), well: node('listing.cjs', '[]') };
    const source = { kind: 'file', path: await configure('mute.yaml', servers) };
    const script = `import { dump } from ${JSON.stringify(DUMP)};
      const flags = { schemaDump: true, variables: {}, problems: [] };
      process.exitCode = await dump(flags, process.env, ${JSON.stringify(source)}, 3_000);`;
    const args = ['--import', TSX, '--input-type=module', '--eval', script];
    const running = spawn(process.execPath, args, { cwd: place.cwd, env: place.env });
    let stderr = '';
    running.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
    let stdout = '';
    running.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
    const [code] = await once(running, 'close');
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^error: mute: no answer in time$/m);
    assert.deepEqual(Object.keys((parse(stdout) as Document).paths), ['/sessionid']);
    assert.ok(!isRunning(Number(await readFile(join(place.cwd, 'mute.pid'), 'utf8'))));
  });

  it('a signal ends it and its children', async () => {
    const before = record.pids().length;
    const file = await configure('signal.yaml', { mute: child({ onInitialize: 'hang', ignoreStdinEnd: true }) });
    const running = startLatchkey(['--schemaDump', '-c', file], place);
    const pid = await until(() => record.pids()[before], 20_000);
    const { code, stdout } = await running.stop();
    assert.deepEqual([code, stdout], [130, '']);
    await until(() => !isRunning(pid));
  });

  it('writes a large document whole, however slowly it is read', async () => {
    const before = record.pids().length;
    const file = await configure('large.yaml', { large: child({ extraTools: MANY }) });
    const running = startLatchkey(['--schemaDump', '--schemaFormat', 'json', '-c', file], place);
    const { stdout } = running.child;
    assert.ok(stdout !== null);
    stdout.pause();
    // All children are gone before the first byte is read.
    const pid = await until(() => record.pids()[before], 20_000);
    await until(() => !isRunning(pid), 20_000);
    stdout.resume();
    const outcome = await running.done;
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.ok(outcome.stdout.length > 1_000_000);
    assert.ok(JSON.parse(outcome.stdout).paths[`/large/extra-${MANY - 1}`]);
  });

  it('a reader who leaves early is no failure', async () => {
    const file = await configure('left.yaml', { large: child({ extraTools: MANY }) });
    const running = startLatchkey(['--schemaDump', '-c', file], place);
    running.child.stdout?.once('data', () => running.child.stdout?.destroy());
    const { code, stderr } = await running.done;
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /EPIPE|\n\s+at /);
  });

  it('names where it is and what is asked for there, and no secret', async () => {
    const auth = {
      basic: { enabled: true, credentials: [{ username: 'ann', password: 's3cret-b' }] },
      bearer: { enabled: true, tokens: ['s3cret-t'] },
    };
    const servers = { a: node('listing.cjs', '[{"name":"t"}]') };
    const file = await configure('guarded.yaml', servers, { auth, public_url: 'https://tools.example/mcp' });
    const outcome = await runLatchkey(['--schemaDump', '-c', file], place);
    assert.equal(outcome.code, 0, outcome.stderr);
    const { servers: where, components, security } = read(outcome);
    assert.deepEqual(where, [{ url: 'https://tools.example/mcp/api' }]);
    const basicAuth = { type: 'http', scheme: 'basic' };
    const bearerAuth = { type: 'http', scheme: 'bearer' };
    assert.deepEqual(components, { securitySchemes: { basicAuth, bearerAuth } });
    assert.deepEqual(security, [{ basicAuth: [] }, { bearerAuth: [] }]);
    assert.doesNotMatch(outcome.stdout + outcome.stderr, /s3cret/);
  });

  it('leaves out tools that no address reaches, and servers where each person signs in, and says so', async () => {
    const names = ['odd/na me', '..', 'a//b', 'c', 'b/c'];
    const tools = JSON.stringify(names.map((name) => ({ name, inputSchema: { $schema: 'x', type: 'object' } })));
    const servers = {
      a: node('listing.cjs', tools),
      'a/b': node('listing.cjs', '[{"name":"c"}]'),
      personal: { url: 'http://127.0.0.1:1/mcp', oauth: true },
    };
    const file = await configure('odd.yaml', servers);
    const outcome = await runLatchkey(['--schemaDump', '--insecure-open', '-c', file], place);
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.deepEqual(Object.keys(read(outcome).paths), ['/a/odd/na%20me', '/a/c', '/a/b/c', '/sessionid']);
    assert.match(outcome.stdout, /operationId: a\/b-c$/m);
    assert.match(outcome.stderr, /note: a: 3 of 5 tools left out/);
    assert.match(outcome.stderr, /note: personal: is left out, because each person signs in there/);
  });

  it('works with a single server, whose key is a way in', async () => {
    const argv = [
      '--schema-dump',
      '--port',
      '0',
      '--api-key',
      'k',
      '--',
      process.execPath,
      'listing.cjs',
      '[{"name":"t"}]',
    ];
    const outcome = await runLatchkey(argv, place);
    assert.equal(outcome.code, 0, outcome.stderr);
    const { paths, servers, security } = read(outcome);
    assert.deepEqual(Object.keys(paths), ['/default/t', '/sessionid']);
    assert.deepEqual(servers, [{ url: '/api' }], 'which port it will be is not known');
    assert.deepEqual(security, [{ bearerAuth: [] }]);
  });

  it('with mcpServers, dump prints the document of those files, and --schemaDump that of /api', async () => {
    const file = join(place.cwd, 'config.json');
    await writeFile(file, JSON.stringify({ mcpServers: { a: node('listing.cjs', '[{"name":"t"}]') } }));
    const json = await runLatchkey(['dump', '-c', file], place);
    const yaml = await runLatchkey(['dump', '--schemaFormat', 'yaml', '-c', file], place);
    assert.equal(JSON.parse(json.stdout).openapi, '3.1.0');
    assert.deepEqual(read(yaml), JSON.parse(json.stdout));
    const api = await runLatchkey(['--schemaDump', '-c', file], place);
    assert.deepEqual(Object.keys(read(api).paths), ['/a/t', '/sessionid']);
  });
});
