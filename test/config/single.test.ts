/** A command or an address behind `--` as the one server. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import { type SingleSource, singleConfiguration } from '../../src/config/single.ts';
import { problemsOf, warningsOf } from './helper.ts';

function endpoint(command: string[], rest: Omit<SingleSource, 'kind' | 'command'> = {}) {
  return singleConfiguration({ kind: 'single', command, ...rest }).servers.get('default')?.endpoint;
}

function flaws(command: string[], rest: Omit<SingleSource, 'kind' | 'command'> = {}): string[] {
  return problemsOf(() => endpoint(command, rest));
}

describe('the single server', () => {
  test('is named default and has the defaults of a file', async () => {
    const config = await loadConfiguration({ kind: 'single', command: ['y'] }, { env: {} });
    assert.deepEqual([...config.servers.keys()], ['default']);
    const { hash, ...server } = config.servers.get('default') ?? assert.fail();
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.deepEqual(server, {
      name: 'default',
      endpoint: { kind: 'stdio', command: 'y', args: [], env: {}, inheritEnv: true, withheldEnv: [], endsBy: 'stdin' },
      disabledTools: [],
      timeoutMs: 60_000,
      isolation: 'shared',
      start: 'always',
    });
    assert.deepEqual(config.gateway, { allowedHosts: [] });
  });

  test('takes its command literally', () => {
    const found = endpoint(['${A}', '${B}', '--', '$${C}', '']);
    assert.ok(found?.kind === 'stdio');
    assert.deepEqual([found.command, ...found.args], ['${A}', '${B}', '--', '$${C}', '']);
  });

  test('is what --type says; a URL cannot be a program', () => {
    const url = 'http://127.0.0.1:1/mcp';
    const cases: [SingleSource['type'], string][] = [
      [undefined, 'http'],
      ['stdio', 'http'],
      ['sse', 'sse'],
      ['streamable-http', 'http'],
      ['streamable_http', 'http'],
      ['streamablehttp', 'http'],
      ['http', 'http'],
    ];
    for (const [type, kind] of cases) {
      const found = endpoint([url], type === undefined ? {} : { type });
      assert.ok(found && found.kind !== 'stdio');
      assert.deepEqual([found.kind, found.url.href], [kind, url]);
    }
  });

  test('sends --header', () => {
    const found = endpoint(['https://me:pw@x/'], { type: 'sse', header: '{"X-A": "b", "X-N": 5}' });
    assert.ok(found?.kind === 'sse');
    assert.equal(found.url.href, 'https://x/');
    assert.deepEqual(found.headers, { 'X-A': 'b', 'X-N': '5', authorization: 'Basic bWU6cHc=' });
  });

  test('a header for a program has no effect, and a warning says so', () => {
    const config = singleConfiguration({ kind: 'single', command: ['y'], header: '{}' });
    assert.deepEqual(warningsOf(config), [
      'command line: --header: has no effect on a command; it needs --type and a URL',
    ]);
  });

  test('--oauth is one login for all, in the browser of this machine', () => {
    const source: SingleSource = { kind: 'single', command: ['https://x/mcp'], oauth: true };
    const config = singleConfiguration(source);
    assert.deepEqual(config.servers.get('default')?.oauth, {
      multiUser: false,
      sessionTimeoutMs: 1_800_000,
      storage: 'store',
      openBrowser: true,
      clientMetadata: {},
      allowInsecureHttp: false,
    });
    assert.deepEqual(warningsOf(config), []);
    const without = singleConfiguration({ ...source, oauth: false }).servers.get('default');
    assert.equal(without?.oauth, undefined);
    assert.notEqual(without?.hash, config.servers.get('default')?.hash);
  });

  test('--oauth for a program is an error', () => {
    assert.deepEqual(flaws(['y'], { oauth: true }), [
      'command line: --oauth: needs a URL behind -- (a program on this machine has no login)',
    ]);
  });

  test('--oauth takes the place of an Authorization header, and plain http is pointed out', () => {
    const header = '{"authorization": "Bearer hush"}';
    const config = singleConfiguration({ kind: 'single', command: ['http://x.example.org/'], header, oauth: true });
    assert.deepEqual(warningsOf(config), [
      "command line: --header: is not sent as 'Authorization': the login of 'oauth' takes its place",
      'command line: --: is plain http beyond this machine, where logins are refused',
    ]);
  });

  test('what is wrong is told at once, without the text of the header', () => {
    const text = flaws(['y'], { type: 'sse', header: 'hush' });
    assert.deepEqual(text, [
      `command line: --header: is not a JSON object (write it like '{"Authorization": "Bearer ..."}')`,
      "command line: --: 'y' is not an http:// or https:// URL (--type sse needs one)",
    ]);
  });

  test('every other mistake', () => {
    assert.match(String(flaws(['y'], { type: 'pipe' })), /--type: 'pipe' is not a known type/);
    assert.match(String(flaws([])), /--: names no command/);
    assert.match(String(flaws([''])), /--: names no command/);
    assert.match(String(flaws(['http://x', 'y'])), /--: nothing may follow the URL/);
    assert.match(String(flaws(['http://:x'])), /is not an http:\/\/ or https:\/\/ URL/);
    for (const header of ['', '[]', 'null', '5', '{"a": 1']) {
      assert.match(String(flaws(['http://x'], { header })), /--header: is not a JSON object/, header);
    }
    assert.match(String(flaws(['http://x'], { header: '{"a": {}}' })), /--header: 'a' must be a string/);
    assert.match(String(flaws(['http://x'], { header: '{"a b": "c"}' })), /'a b' is not a valid header name/);
    assert.match(String(flaws(['http://x'], { header: '{"a": "b\\n"}' })), /must not hold a line break/);
  });
});
