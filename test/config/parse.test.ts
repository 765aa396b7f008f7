/** JSON, JSON with comments and YAML: what is read, and where the fault is when it is not. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load, loadYaml, problemsOf } from './helper.ts';

const PREFIX = /^\/srv\/config\.(json|yaml|conf)/;

function refusal(text: string, file = '/srv/config.json'): string[] {
  return problemsOf(() => load(text, { file })).map((line) => line.replace(PREFIX, ''));
}

function yamlRefusal(text: string): string[] {
  return refusal(text, '/srv/config.yaml');
}

describe('JSON', () => {
  test('with comments and trailing commas', () => {
    const config = load(`// one\n{ "mcpServers": { /* two */ "x": { "command": "y", "args": ["//no", ], }, }, }`);
    assert.deepEqual(config.servers.get('x')?.endpoint, {
      kind: 'stdio',
      command: 'y',
      args: ['//no'],
      env: {},
      inheritEnv: true,
      withheldEnv: [],
      endsBy: 'stdin',
    });
  });

  test('says what is wrong, and where', () => {
    const cases: [string, string][] = [
      ['{\n"a": 1\n"b": 2}', ':3: is not valid JSON: a comma is missing'],
      ['{"a": 1\n', ':2: is not valid JSON: a closing } is missing'],
      ['{"a": 1,\n', ':2: is not valid JSON: a key in double quotes is expected here'],
      ["{'a': 1}", ':1: is not valid JSON: this is not a JSON value (strings need double quotes)'],
      ['{"a": "\n"}', ':1: is not valid JSON: a string is not closed'],
      ['{"a": [1}', ':1: is not valid JSON: a comma is missing'],
      ['[1', ':1: is not valid JSON: a closing ] is missing'],
      ['{"a" 1}', ':1: is not valid JSON: a colon is missing'],
      ['{"a": 1} x', ':1: is not valid JSON: this is not a JSON value (strings need double quotes)'],
      ['{"a": 1} 2', ':1: is not valid JSON: there is text after the end'],
      ['{"a": "\\x"}', ':1: is not valid JSON: this is not a valid escape (a backslash is written \\\\)'],
      ['{} /* x', ':1: is not valid JSON: a comment is not closed'],
    ];
    for (const [text, expected] of cases) assert.equal(refusal(text)[0]?.slice(0, expected.length), expected, text);
  });

  test('duplicate keys, all of them', () => {
    assert.deepEqual(
      refusal(
        '{"mcpServers": {"x": {"command": "a"},\n"x": {"command": "b",\n"command": "c"}},\n"store": "memory",\n"store": "memory"}',
      ),
      [
        ':2: mcpServers.x: this key stands here twice (remove one)',
        ':5: store: this key stands here twice (remove one)',
      ],
    );
  });

  test('nested without end', () => {
    assert.deepEqual(refusal('['.repeat(500_000)), [': is nested too deeply']);
    assert.deepEqual(refusal('['.repeat(100) + ']'.repeat(100)), [': is nested too deeply']);
  });
});

describe('YAML', () => {
  test('with anchors, aliases and merge keys', () => {
    const config = loadYaml(`
x-common: &common
  env: { A: one }
  timeout: 5
mcpServers:
  first: &first
    <<: *common
    command: run
    args: &args [a, b]
  second:
    <<: [*first, *common]
    timeout: 7
    args: *args
`);
    const [first, second] = [...config.servers.values()];
    assert.equal(first?.timeoutMs, 5000);
    assert.equal(second?.timeoutMs, 7000);
    assert.ok(first?.endpoint.kind === 'stdio' && second?.endpoint.kind === 'stdio');
    assert.deepEqual(second.endpoint.args, ['a', 'b']);
    assert.deepEqual(second.endpoint.env, { A: 'one' });
    assert.equal(second.endpoint.command, 'run');
  });

  test('numbers and booleans become strings as they are written', () => {
    const config = loadYaml(`
mcpServers:
  x:
    command: y
    args: [1.10, 0755, 1e3, true, yes, 12345678901234567890]
    env: { PORT: 08, ON: True }
`);
    const endpoint = config.servers.get('x')?.endpoint;
    assert.ok(endpoint?.kind === 'stdio');
    assert.deepEqual(endpoint.args, ['1.10', '0755', '1e3', 'true', 'yes', '12345678901234567890']);
    assert.deepEqual(endpoint.env, { PORT: '08', ON: 'True' });
  });

  test('says what is wrong, and where', () => {
    assert.match(String(yamlRefusal('mcpServers:\n\tx: 1')), /^:2: is not valid YAML: Tabs are not allowed/);
    assert.match(String(yamlRefusal('a: "b\nc: d')), /^:\d: is not valid YAML: Missing closing "quote/);
    assert.match(String(yamlRefusal('a: 1\n---\nb: 2')), /^:2: is not valid YAML: it holds more than one document/);
    assert.match(String(yamlRefusal('a: !!js/function x')), /^:1: is not valid YAML: Unresolved tag/);
    assert.match(String(yamlRefusal('? [a]\n: 1')), /^:1: a key must be plain text/);
    assert.match(
      String(yamlRefusal('a:\n  <<: 5\nmcpServers: {x: {command: y}}')),
      /^:2: a\["<<"\]: a merge key needs a mapping/,
    );
  });

  test('duplicate keys, with the line of the second', () => {
    assert.deepEqual(yamlRefusal('mcpServers:\n  x:\n    command: a\n  x:\n    command: b\n'), [
      ':4: mcpServers.x: this key stands here twice (remove one)',
    ]);
  });

  test('an alias bomb is refused at once', () => {
    const levels = Array.from(
      { length: 30 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`,
    );
    const started = performance.now();
    const problems = yamlRefusal(`a0: &a0 [x]\n${levels.join('\n')}\nmcpServers: {x: {command: y}}\n`);
    assert.deepEqual(problems, [':6: holds more than 100000 values once aliases are expanded']);
    assert.ok(performance.now() - started < 2000);
  });

  test('an alias inside its own anchor, or of none', () => {
    assert.match(String(yamlRefusal('a: &a [*a]')), /alias \*a has no complete anchor before it/);
    assert.match(String(yamlRefusal('a: *b')), /^:1: a: the alias \*b has no complete anchor/);
  });

  test('nested without end', () => {
    assert.deepEqual(yamlRefusal(`a: ${'['.repeat(20_000)}`), [': is nested too deeply']);
  });

  test('null keys and values do no harm', () => {
    assert.match(
      String(yamlRefusal('mcpServers:\n  ~: { command: x }\n  x:\n')),
      /Server 'x' must be a mapping, not nothing/,
    );
    assert.equal(loadYaml('mcpServers:\n  x:\n    command: y\n    args:\n    env:\n').servers.size, 1);
  });
});

describe('the format', () => {
  test('is guessed from the content when the extension says nothing', () => {
    const file = '/srv/config.conf';
    assert.equal(load('mcpServers: {x: {command: y}}', { file }).servers.size, 1);
    assert.equal(load('// c\n{"mcpServers": {"x": {"command": "y"}},}', { file }).servers.size, 1);
    assert.match(String(refusal('{"a" 1}', file)), /not valid JSON/);
  });

  test('an extension decides, in any case', () => {
    assert.equal(load('{"mcpServers": {"x": {"command": "y"}}}', { file: '/srv/C.YML' }).servers.size, 1);
    assert.match(String(refusal('mcpServers: {x: {command: y}}')), /not valid JSON/);
  });
});
