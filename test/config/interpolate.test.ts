/** Variables in the file: what they stand for, and from whom they are withheld. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load, loadYaml, problemsOf, server, warningsOf } from './helper.ts';

const env = { A: 'one', B: 'two', EMPTY: '', LINE: 'x"\n# }' };

function argument(text: string): string | undefined {
  const { endpoint } = server({ command: 'y', args: [text] }, { env });
  assert.ok(endpoint.kind === 'stdio');
  return endpoint.args[0];
}

describe('variables', () => {
  test('are replaced anywhere in a string', () => {
    const cases: [string, string][] = [
      ['${A}', 'one'],
      ['-${A}-${B}-', '-one-two-'],
      ['${EMPTY}', ''],
      ['${NOPE:-default}', 'default'],
      ['${NOPE:-}', ''],
      ['${EMPTY:-default}', 'default'],
      ['${A:-default}', 'one'],
      ['${NOPE:-http://a:1/b}', 'http://a:1/b'],
      ['$${A}', '${A}'],
      ['$$${A}', '$${A}'],
      ['$A $ {A} $$', '$A $ {A} $$'],
      ['${LINE}', 'x"\n# }'],
    ];
    for (const [text, expected] of cases) assert.equal(argument(text), expected, text);
  });

  test('in every place but keys', () => {
    const config = load(
      {
        public_url: 'https://${A}.example.org',
        mcpServers: {
          '${A}': { type: 'http', url: 'https://${A}/', headers: { 'x-b': '${B}' } },
          y: { command: '${A}', cwd: '/${B}', env: { '${A}': '${A}' }, disabledTools: ['${B}'] },
        },
      },
      { env, pathPrefix: '/p/' },
    );
    assert.equal(config.gateway.publicUrl, 'https://one.example.org');
    const endpoint = config.servers.get('y')?.endpoint;
    assert.ok(endpoint?.kind === 'stdio');
    assert.deepEqual([endpoint.command, endpoint.cwd, endpoint.env], ['one', '/two', { '${A}': 'one' }]);
    assert.deepEqual(config.servers.get('y')?.disabledTools, ['two']);
    assert.ok(config.servers.has('${A}'));
  });

  test('values are never interpolated again, nor parsed', () => {
    const { endpoint } = server({ command: '${X}' }, { env: { X: '${Y}", "args": ["z"]', Y: 'no' } });
    assert.ok(endpoint.kind === 'stdio');
    assert.equal(endpoint.command, '${Y}", "args": ["z"]');
  });

  test('unset ones are problems with path and line, each once', () => {
    const text = 'mcpServers:\n  x:\n    url: ${NO_URL}\n    headers:\n      a: ${NO_A}${NO_B}\nstore: ${NO_STORE}\n';
    assert.deepEqual(
      problemsOf(() => loadYaml(text)).map((line) => line.replace('/srv/config.yaml', '')),
      [
        ':3: mcpServers.x.url: the variable NO_URL is not set (set it, or give a default: ${NO_URL:-...})',
        ':5: mcpServers.x.headers.a: the variable NO_A is not set (set it, or give a default: ${NO_A:-...})',
        ':5: mcpServers.x.headers.a: the variable NO_B is not set (set it, or give a default: ${NO_B:-...})',
        ':6: store: the variable NO_STORE is not set (set it, or give a default: ${NO_STORE:-...})',
      ],
    );
  });

  test('members of Object.prototype are not set', () => {
    assert.match(
      String(problemsOf(() => server({ command: '${constructor}' }, { env }))),
      /variable constructor is not set/,
    );
  });

  test('what only looks like one is left alone, with a warning', () => {
    for (const text of ['${', '${}', '${A', '${A-b}', '${arr[@]}', '${1}', '${A:b}']) {
      const config = load({ mcpServers: { x: { command: 'y', args: [text] } } }, { env });
      const endpoint = config.servers.get('x')?.endpoint;
      assert.ok(endpoint?.kind === 'stdio');
      assert.equal(endpoint.args[0], text);
      assert.match(
        String(warningsOf(config)),
        /is neither \$\{NAME\} nor \$\{NAME:-default\} and is left as it is/,
        text,
      );
    }
  });

  test('in a disabled server they need not be set', () => {
    const config = load({ mcpServers: { x: { command: '${NOPE}', disabled: true }, y: { command: 'z' } } });
    assert.deepEqual([...config.servers.keys()], ['y']);
  });
});

describe('variables withheld from other programs', () => {
  const config = load(
    {
      public_url: '${URL}',
      mcpServers: {
        a: { command: 'y', env: { TOKEN: '${A_TOKEN}', BOTH: '${SHARED}' } },
        b: { command: 'y', args: ['${SHARED}', '${HOME}', '$${LITERAL}'] },
        c: { type: 'http', url: 'https://x', headers: { Authorization: '${C_TOKEN:-none}' } },
        d: { command: 'y', disabled: true, env: { X: '${D_TOKEN}' } },
        e: { command: 'y' },
      },
    },
    { env: { URL: 'http://x', A_TOKEN: 'a', SHARED: 's', HOME: '/root' } },
  );
  const withheld = (name: string) => {
    const endpoint = config.servers.get(name)?.endpoint;
    assert.ok(endpoint?.kind === 'stdio');
    return endpoint.withheldEnv;
  };

  test('are those that others use and it does not', () => {
    assert.deepEqual(withheld('a'), ['C_TOKEN', 'D_TOKEN', 'URL']);
    assert.deepEqual(withheld('b'), ['A_TOKEN', 'C_TOKEN', 'D_TOKEN', 'URL']);
  });

  test('HOME, which b uses, is not taken from the others; a literal is no use', () => {
    assert.deepEqual(withheld('e'), ['A_TOKEN', 'C_TOKEN', 'D_TOKEN', 'SHARED', 'URL']);
  });
});
