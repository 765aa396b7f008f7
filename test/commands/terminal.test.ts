/** What a person sees at start-up, on a real pseudo-terminal: each server's state as it comes, and addresses to open. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { emptyHome } from '../helpers/process.ts';
import { until } from '../helpers/wait.ts';

const EVERYTHING = resolve('node_modules/@modelcontextprotocol/server-everything/dist/index.js');

it('on a terminal the start shows states, addresses and what to paste into Open WebUI', async (t) => {
  const place = await emptyHome();
  t.after(() => place.remove());
  const file = join(place.cwd, 'config.json');
  const everything = { command: process.execPath, args: [EVERYTHING, 'stdio'] };
  writeFileSync(file, JSON.stringify({ mcpServers: { everything, broken: { command: 'no-such-program' } } }));
  const tsx = resolve('node_modules/tsx/dist/loader.mjs');
  const command = `exec ${process.execPath} --import ${tsx} ${resolve('src/main.ts')} --port 0 --store memory --config ${file}`;
  const env = { ...place.env, WEBUI_SECRET_KEY: WEBUI_SECRET };
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: place.cwd, env });
  const closed = once(child, 'close');
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += stripVTControlCharacters(chunk.toString());
  });
  await until(
    () => /✓ everything: ready, \d+ tools {2}http:\/\/localhost:\d+\/everything\/docs/.test(output),
    15_000,
    output,
  );
  assert.match(output, /✗ broken: .*no-such-program.*keeps trying/);
  assert.match(output, /Open http:\/\/localhost:\d+/);
  assert.match(output, /OpenAPI +http:\/\/localhost:\d+\/openapi\.json/);
  await until(() => output.includes('access_grants decide who sees the tools'), 15_000);
  const [pasted = ''] = /^\[\r?\n[\s\S]*?^\]/m.exec(output) ?? [];
  const [connection] = JSON.parse(pasted) as { url: string; auth_type: string }[];
  assert.match(connection?.url ?? '', /^http:\/\/localhost:\d+$/);
  assert.equal(connection?.auth_type, 'session');
  assert.ok(!output.includes(WEBUI_SECRET));
  child.stdin.write('\x03'); // Ctrl-C, as a person ends it.
  await closed;
});
