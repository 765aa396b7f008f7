/** What `npm pack` makes installs into an empty folder and runs there, as `npx latchkey -- COMMAND`. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { emptyHome, type Place } from '../helpers/process.ts';

const run = promisify(execFile);
const EVERYTHING = resolve('node_modules/@modelcontextprotocol/server-everything/dist/index.js');

describe('the package', () => {
  let place: Place;
  let files: string[];
  before(async () => {
    place = await emptyHome();
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', place.cwd], {
      env: { ...process.env },
    });
    const listed = JSON.parse(stdout.slice(stdout.indexOf('['))) as { filename: string; files: { path: string }[] }[];
    files = listed[0]?.files.map(({ path }) => path) ?? [];
    await writeFile(join(place.cwd, 'package.json'), '{"private": true}');
    const tarball = join(place.cwd, listed[0]?.filename ?? '');
    await run('npm', ['install', '--no-audit', '--no-fund', tarball], { cwd: place.cwd, env: place.env });
  });
  after(() => place.remove());

  it('holds what runs, the pages and the schema, and no tests', () => {
    for (const needed of ['dist/main.js', 'views/home.eta', 'schema/latchkey.schema.json', 'LICENSE', 'README.md']) {
      assert.ok(files.includes(needed), needed);
    }
    assert.deepEqual(
      files.filter((path) => /^(src|test|e2e|bench|scripts)\//.test(path)),
      [],
    );
  });

  it('says its version', async () => {
    const { stdout } = await run('npx', ['latchkey', 'version'], { cwd: place.cwd, env: place.env });
    assert.equal(stdout.trim(), JSON.parse(await readFile('package.json', 'utf8')).version);
  });

  it('serves a command', async () => {
    const args = ['latchkey', '--port', '0', '--', process.execPath, EVERYTHING, 'stdio'];
    const child = spawn('npx', args, {
      cwd: place.cwd,
      env: place.env,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    try {
      let log = '';
      for await (const chunk of child.stderr) {
        log += chunk;
        if (/latchkey listens at/.test(log)) break;
      }
      const url = /latchkey listens at (http:[^"\s]+)/.exec(log)?.[1];
      const page = await fetch(`${url}/`, { headers: { accept: 'text/html' } });
      assert.match(await page.text(), /<!doctype html>/i);
      const script = await fetch(`${url}/assets/swagger-ui/swagger-ui-bundle.js`);
      assert.equal(script.status, 200);
      await script.arrayBuffer();
      const answer = await fetch(`${url}/echo`, {
        method: 'POST',
        body: '{"message":"packed"}',
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(await answer.text(), '"Echo: packed"');
    } finally {
      const closed = once(child, 'close');
      process.kill(-(child.pid ?? 0), 'SIGTERM');
      await closed;
    }
  });
});
