/** YAML of documents: the same data to readers of YAML 1.2, of YAML 1.1, and to Python. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { stringifyYaml } from '../../src/openapi/yaml.ts';

const TEXTS = [
  ...['', ' ', 'a', 'two\nlines', 'ends\n', '\n', ' begins', 'ends ', 'a \nb', '\n a\nb', 'a\r\nb', 'x'.repeat(2000)],
  ...[
    'word '.repeat(60),
    'tab\there',
    '\t',
    'tab\tand\nline',
    'tab:\t',
    '- a',
    '? a',
    'a: b',
    'a #b',
    '# a',
    '%a',
    '@a',
  ],
  ...[
    'yes',
    'No',
    'on',
    'OFF',
    'y',
    'null',
    '~',
    'true',
    'False',
    '=',
    '<<',
    '-',
    '---',
    '...',
    '!a',
    '&a',
    '*a',
    '|',
    '>',
  ],
  ...['1', '-1', '+1', '01', '0o7', '0x1F', '0b1', '1_000', '1e3', '1.5', '.5', '1:30', '190:20:30', '.inf', '.NaN'],
  ...['2024-01-01', '2024-01-01T10:00:00Z', '"', "'", '\\', '{', '}', '[', ']', ',', '`', '{a: b}', '[a]'],
  ...['\u0000', '\u001b[31m', '\u007f', '\u0085', 'a\u0085b', '\u009f', 'a\u2028b', 'a\u2029b', '\ufeffa', '\uffff'],
  ...['é', '東京', '😀', '\u00a0', '\u3000', '\ud83d', '__proto__', 'constructor'],
];
const NUMBERS = [0, 1, -1, 1.5, 1e21, -1e21, 1e-7, 5e-324, 1.7976931348623157e308, 2 ** 53, 0.1];

/** As values in a map and a list, and as keys. */
const DATA: unknown = JSON.parse(
  JSON.stringify({
    list: [...TEXTS, ...NUMBERS, true, false, null, [], {}, [[1], [[]]], { a: { b: [{ c: {} }] } }],
    values: Object.fromEntries(TEXTS.map((text, at) => [`value ${at}`, text])),
    keys: Object.fromEntries(TEXTS.filter((text) => text !== '__proto__').map((text, at) => [text, at])),
  }),
);

/** Prints the YAML on its input as ASCII JSON; exit code 9: this Python cannot read YAML. */
const PYTHON = `
import json, sys
try:
    import yaml
except ImportError:
    sys.exit(9)
print(json.dumps(yaml.safe_load(sys.stdin.buffer.read().decode('utf-8'))))
`;

describe('YAML', () => {
  test('is the same data to readers of YAML 1.2 and 1.1', () => {
    const yaml = stringifyYaml(DATA);
    assert.deepEqual(parse(yaml), DATA);
    assert.deepEqual(parse(yaml, { version: '1.1' }), DATA);
  });

  test('is the same data to Python', (context) => {
    const { status, stdout, stderr, error } = spawnSync('python3', ['-c', PYTHON], {
      input: stringifyYaml(DATA),
      encoding: 'utf8',
    });
    if (error !== undefined || status === 9) return context.skip('no Python that reads YAML is here');
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), DATA);
  });

  test('writes so that nobody can misread it what readers of YAML 1.1 would', () => {
    const yaml = stringifyYaml({
      a: 1e-7,
      b: -1e21,
      c: '=',
      d: 'a\tb',
      e: 'on',
      f: '1:30',
      g: 'a\u0085b',
      h: '\u2028',
    });
    const texts = ['c: "="', 'd: "a\\tb"', 'e: "on"', 'f: "1:30"', 'g: "a\\u0085b"', 'h: "\\u2028"'];
    assert.equal(yaml, ['a: 1.0e-7', 'b: -1.0e+21', ...texts, ''].join('\n'));
  });

  test('is readable: block texts, no quotes without need, no anchors for what comes twice', () => {
    const shared = { type: 'string' };
    const yaml = stringifyYaml({ description: 'one\ntwo', a: shared, b: shared, list: [1, 'x y'] });
    assert.equal(
      yaml,
      'description: |-\n  one\n  two\na:\n  type: string\nb:\n  type: string\nlist:\n  - 1\n  - x y\n',
    );
  });

  test('says what JSON would say, and nothing of what it cannot', () => {
    assert.deepEqual(parse(stringifyYaml({ a: undefined, b: Number.POSITIVE_INFINITY, c: -0 })), { b: null, c: 0 });
  });

  test('members named as what every object has are kept', () => {
    const text = '{"__proto__":{"type":"string"},"constructor":1}';
    assert.equal(stringifyYaml(JSON.parse(text)), '__proto__:\n  type: string\nconstructor: 1\n');
  });
});
