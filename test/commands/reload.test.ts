/** Hot reload through the running process: adds, changes and removes under load; a broken file changes nothing. */
import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { emptyHome, type Place, type Running, startLatchkey } from '../helpers/process.ts';
import { until } from '../helpers/wait.ts';

const EVERYTHING = resolve('node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const MEMORY = resolve('node_modules/@modelcontextprotocol/server-memory/dist/index.js');
const everything = { command: process.execPath, args: [EVERYTHING, 'stdio'] };
const memory = { command: process.execPath, args: [MEMORY] };

describe('hot reload', () => {
  let place: Place;
  let latchkey: Running;
  let url: string;
  let file: string;
  before(async () => {
    place = await emptyHome();
  });
  after(() => place.remove());
  beforeEach(async () => {
    file = join(place.cwd, 'config.json');
    await save({ everything });
    latchkey = startLatchkey(['--port', '0', '--store', 'memory', '--hot-reload', '--config', file], place);
    url = await latchkey.url;
    await until(async () => (await echo()) === 200, 10_000);
  });
  afterEach(() => latchkey.stop());

  /** Replaces the file as editors and deployments do: another one takes its name. */
  async function save(mcpServers: unknown, keys: object = {}): Promise<void> {
    const next = join(place.cwd, 'next.json');
    await writeFile(next, typeof mcpServers === 'string' ? mcpServers : JSON.stringify({ mcpServers, ...keys }));
    await rename(next, file);
  }
  const status = async (path: string, body = '{}'): Promise<number> => {
    const response = await fetch(url + path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    await response.arrayBuffer();
    return response.status;
  };
  const echo = (): Promise<number> => status('/everything/echo', '{"message":"x"}');
  const documentedPaths = async (): Promise<string[]> => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
    return Object.keys(document.paths);
  };
  const reloads = (): number => latchkey.stderr().split('configuration reloaded').length - 1;

  it('adds a server, then removes it, and leaves the others untouched', async () => {
    await save({ everything, memory });
    await until(async () => (await status('/memory/read_graph')) === 200, 10_000);
    const paths = await documentedPaths();
    assert.ok(paths.includes('/memory/read_graph') && paths.includes('/everything/echo'));
    await save({ everything });
    await until(async () => (await status('/memory/read_graph')) === 404, 10_000);
    assert.ok(!(await documentedPaths()).includes('/memory/read_graph'));
    assert.equal(await echo(), 200);
  });

  it('changes a server: the new settings hold, the old tools are gone', async () => {
    await save({ everything: { ...everything, disabledTools: ['echo'] } });
    await until(async () => (await echo()) === 404, 10_000);
    await until(async () => (await status('/everything/get-sum', '{"a":1,"b":2}')) === 200, 10_000);
  });

  it('changes a server under load without one failed call', async () => {
    let running = true;
    const seen = new Set<number>();
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (running) seen.add(await echo());
      }),
    );
    await save({ everything: { ...everything, disabledTools: ['get-sum'] } });
    await until(async () => (await status('/everything/get-sum')) === 404, 10_000);
    running = false;
    await load;
    assert.deepEqual([...seen], [200]);
  });

  it('lets a call in flight end at a server that is removed, and drops none of a stream of calls to another', async () => {
    await save({ everything, slow: everything });
    await until(async () => (await status('/slow/echo', '{"message":"x"}')) === 200, 10_000);
    const slow = status('/slow/trigger-long-running-operation', '{"duration":3,"steps":3}');
    let running = true;
    const seen = new Set<number>();
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (running) seen.add(await echo());
      }),
    );
    await save({ everything });
    await until(async () => (await status('/slow/echo', '{"message":"x"}')) === 404, 10_000);
    assert.equal(await slow, 200);
    running = false;
    await load;
    assert.deepEqual([...seen], [200]);
  });

  it('keeps the old configuration when the file is broken, says so, and takes the next good one', async () => {
    await save('{"mcpServers": {"everything": ');
    await until(() => latchkey.stderr().includes('the changed configuration is broken'), 10_000);
    assert.equal(await echo(), 200);
    assert.doesNotMatch(latchkey.stderr(), /\\n\s+at /);
    await save({ everything, memory });
    await until(async () => (await status('/memory/read_graph')) === 200, 10_000);
  });

  it('shows on the page what is odd about the file as it is now', async () => {
    const page = async (): Promise<string> => (await fetch(url, { headers: { accept: 'text/html' } })).text();
    assert.doesNotMatch(await page(), /Warning:/);
    await save({ everything: { ...everything, headers: { a: 'b' } } });
    await until(async () => (await page()).includes('everything.headers'), 10_000);
    await save({ everything });
    await until(async () => !(await page()).includes('Warning:'), 10_000);
  });

  it('says that gateway keys need a restart', async () => {
    await save({ everything }, { allowed_hosts: ['example.com'] });
    await until(() => latchkey.stderr().includes('take effect after a restart'), 10_000);
    await until(() => reloads() === 1, 10_000);
  });
});
