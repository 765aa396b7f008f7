/** The Dockerfile without Docker: it is parsed, its files exist, and its command runs. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseCli } from '../../src/cli.ts';

const lines = readFileSync('Dockerfile', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => /^([A-Z]+) (.*)$/.exec(line))
  .map((match) => ({ instruction: match?.[1] ?? '', rest: match?.[2] ?? '' }));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

describe('the Dockerfile', () => {
  it('has only known instructions', () => {
    const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'ENTRYPOINT'];
    for (const { instruction } of lines) assert.ok(known.includes(instruction), instruction);
  });

  it('copies only what is there, and all that the package needs at run time', () => {
    const copies = lines.filter(({ instruction }) => instruction === 'COPY').map(({ rest }) => rest.split(' '));
    const own = copies.filter(([first]) => !first?.startsWith('--from')).flatMap((words) => words.slice(0, -1));
    for (const path of own) assert.ok(existsSync(path), path);
    const image = copies.filter(([first]) => first?.startsWith('--from')).map((words) => words[1]);
    assert.deepEqual(image, ['/app/package.json', '/app/node_modules', '/app/dist', '/app/views']);
  });

  it('builds by scripts that exist, on a Node that the package allows', () => {
    const runs = lines.filter(({ instruction }) => instruction === 'RUN').map(({ rest }) => rest);
    for (const [, script = ''] of runs.join(' ').matchAll(/npm run (\S+)/g))
      assert.ok(manifest.scripts[script], script);
    const image = lines.find(({ instruction }) => instruction === 'FROM')?.rest ?? '';
    assert.match(image, /^node:20-/);
    assert.match(manifest.engines.node, /^>=20\./);
  });

  it('starts latchkey with flags that it knows, as an unprivileged user', () => {
    const entry = JSON.parse(lines.find(({ instruction }) => instruction === 'ENTRYPOINT')?.rest ?? '[]') as string[];
    assert.deepEqual(entry.slice(0, 2), ['node', '/app/dist/main.js']);
    assert.equal(manifest.bin.latchkey, 'dist/main.js');
    const parsed = parseCli(
      [...entry.slice(2), '--config', '/app/config.json', '--store', 'memory', '--api-key', 'key'],
      {},
    );
    assert.equal(parsed.kind, 'run');
    assert.ok(lines.some(({ instruction, rest }) => instruction === 'USER' && rest === 'node'));
  });
});
