/** What is said of a configuration that cannot be used, with which exit code: for users of both predecessors. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { describeFailure } from '../../src/commands/config-failure.ts';
import type { Flags } from '../../src/config/flags.ts';
import { ConfigError } from '../../src/config/model.ts';
import { loadAll, resolveSource } from '../../src/settings.ts';

const cwd = await mkdtemp(join(tmpdir(), 'latchkey-failure-'));
after(() => rm(cwd, { recursive: true, force: true }));

interface Failure {
  readonly exitCode: 1 | 2;
  readonly lines: readonly string[];
}

/** Of a file that `CONFIG_PATH` names as `./c.yaml`; undefined: there is none. */
async function failure(text: string | undefined, more: Partial<Flags> = {}, env = {}): Promise<Failure> {
  if (text === undefined) await rm(join(cwd, 'c.yaml'), { force: true });
  else await writeFile(join(cwd, 'c.yaml'), text);
  const all = { HOME: cwd, CONFIG_PATH: './c.yaml', ...env };
  const flags: Flags = { variables: {}, problems: [], ...more };
  try {
    await loadAll(flags, all, resolveSource(flags, all, cwd) ?? assert.fail());
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    const { text, exitCode } = describeFailure(error);
    return { exitCode, lines: text.replaceAll(`${cwd}/`, '').trimEnd().split('\n') };
  }
  assert.fail('it was accepted');
}

const SERVERS = 'servers: {files: {command: y}}';

describe('a file with servers that cannot be used', () => {
  const cases: readonly (readonly [text: string | undefined, words: string])[] = [
    [SERVERS, 'Error: Port must be specified in config'],
    [`port: 0\n${SERVERS}`, 'Error: Port must be specified in config'],
    ['servers: {}', 'Error: Port must be specified in config'],
    [`store: x\nport: 0\n${SERVERS}`, 'Error: Port must be specified in config'],
    ['port: 3000', 'Error: At least one server must be configured'],
    ['port: 3000\nservers: {}', 'Error: At least one server must be configured'],
    ['port: 3000\nservers: {a: {}}\nstore: x', "Error: servers.a: Server 'a' must have either"],
    [`port: 3000\n${SERVERS}}`, 'YAMLParseError: '],
    ['{"port": 3000, "servers": {', 'YAMLParseError: '],
    ['', 'Error: c.yaml is empty'],
    [
      'port: 3000\nservers: {a: {type: http, url: "https://x", oauth: {multi_user: false}}}',
      'Error: servers.a.oauth: anyone',
    ],
    [undefined, "Error: ENOENT: no such file or directory, open './c.yaml'"],
  ];
  for (const [text, words] of cases) {
    it(`has the words and the exit code that its users know: ${JSON.stringify(text)}`, async () => {
      const { lines, exitCode } = await failure(text);
      const [first = '', ...rest] = lines;
      assert.ok(first.startsWith(`Failed to load configuration: ${words}`), first);
      assert.ok(rest.length > 0);
      for (const line of rest) assert.match(line, /^error: c\.yaml:/);
      assert.equal(exitCode, 1);
    });
  }

  it('has the words of what is wrong beside it too, and then exit code 2', async () => {
    const { lines, exitCode } = await failure(SERVERS, { logLevel: 'loud' });
    assert.equal(lines[0], 'Failed to load configuration: Error: Port must be specified in config');
    assert.deepEqual([lines.length, exitCode], [3, 2]);
  });
});

describe('what is wrong beside the file', () => {
  it('is exit code 2, and so is an unknown level of the log in it', async () => {
    const good = `port: 3000\n${SERVERS}`;
    const found = [
      await failure(`debug: {level: loud}\n${good}`),
      await failure(good, { logLevel: 'loud' }),
      await failure(good, {}, { LOG_LEVEL: 'loud' }),
      await failure(good, { port: 'x' }),
    ];
    for (const { lines, exitCode } of found) {
      assert.equal(exitCode, 2);
      assert.match(lines.join('\n'), /^error: (?:c\.yaml:1|command line|environment): [^\n]*(?:log level|port)[^\n]*$/);
    }
  });

  it('leaves the words of the file to what else is wrong in it', async () => {
    const { lines, exitCode } = await failure(`debug: {level: loud}\n${SERVERS}`);
    assert.equal(lines[0], 'Failed to load configuration: Error: Port must be specified in config');
    assert.deepEqual([lines.length, exitCode], [3, 2]);
  });

  it('is no word of ours for a level that stands there twice', async () => {
    const { lines, exitCode } = await failure(`port: 3000\ndebug: {level: info, level: warn}\n${SERVERS}`);
    assert.match(lines[0] ?? '', /^Failed to load configuration: YAMLParseError: debug\.level: /);
    assert.equal(exitCode, 1);
  });
});

it('a file with mcpServers has our words alone, and exit code 2', async () => {
  for (const text of ['mcpServers: {}', 'mcpServers: {', 'mcpServers: {x: {}}']) {
    const { lines, exitCode } = await failure(text);
    assert.equal(exitCode, 2);
    for (const line of lines) assert.match(line, /^error: c\.yaml:1: /);
  }
  const { lines, exitCode } = await failure(undefined, { config: join(cwd, 'named.yaml') });
  assert.deepEqual(
    { lines, exitCode },
    {
      lines: ['error: named.yaml: does not exist (check the path; --config names the file)'],
      exitCode: 2,
    },
  );
});
