/** The small parts: lines, messages, patterns, headers, the catalog. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCatalog, isAllowed, matchesPattern } from '../../src/upstream/catalog.ts';
import { isSessionLost } from '../../src/upstream/http-status.ts';
import { classify, isAnswerTo, parseMessages, requestText } from '../../src/upstream/jsonrpc.ts';
import { lineSplitter } from '../../src/upstream/lines.ts';
import { parameterHeaders } from '../../src/upstream/parameter-headers.ts';
import { PendingRequests } from '../../src/upstream/pending.ts';
import { headerValue, modernHeaders } from '../../src/upstream/protocol.ts';
import { answerText } from '../../src/upstream/result.ts';
import { readToolPage } from '../../src/upstream/tool-page.ts';

function split(chunks: readonly (string | Buffer)[], maxBytes = 1_000): { lines: string[]; dropped: number[] } {
  const lines: string[] = [];
  const dropped: number[] = [];
  const feed = lineSplitter(
    maxBytes,
    (line) => lines.push(line),
    (bytes) => dropped.push(bytes),
  );
  for (const chunk of chunks) feed(Buffer.from(chunk));
  return { lines, dropped };
}

test('lines come whole, however the bytes are cut', () => {
  const text = 'жук\r\n\n😀 b\nlast';
  assert.deepEqual(split([text]).lines, ['жук', '', '😀 b']);
  assert.deepEqual(split([...Buffer.from(text)].map((byte) => Buffer.of(byte))).lines, ['жук', '', '😀 b']);
});

test('a line over the limit is dropped alone', () => {
  assert.deepEqual(split(['ab\n', 'c'.repeat(6), 'c'.repeat(6), '\nde\n'], 10), { lines: ['ab', 'de'], dropped: [12] });
  assert.deepEqual(split([`${'a'.repeat(10)}\n`], 10), { lines: ['a'.repeat(10)], dropped: [] });
});

test('messages are sorted, and nonsense is no exception', () => {
  for (const nonsense of [null, 5, 'x', [], {}, { id: {} }, { id: 1 }, { error: 5, id: 1 }]) {
    assert.equal(classify(nonsense).kind, 'invalid', JSON.stringify(nonsense));
  }
  assert.equal(classify({ id: 1, result: null }).kind, 'result');
  assert.equal(classify({ id: 1, method: 'ping' }).kind, 'request');
  assert.equal(classify({ method: 'x', params: 5 }).kind, 'notification');
  const error = classify({ id: null, error: {} });
  assert.equal(error.kind === 'error' && error.error.code, -32603);
  assert.deepEqual(parseMessages('no json'), []);
  assert.equal(parseMessages('[{"id":1,"result":1},{"method":"x"}]').length, 2);
});

test('arguments keep integers that a number cannot hold', () => {
  const text = requestText(1, 'tools/call', { arguments: { id: 9007199254740993n } }, false);
  assert.equal(text, '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"id":9007199254740993}}}');
});

test('a 400 or 404 is a lost session only where nothing says that the call was looked at', () => {
  const answer = (status: number, body: unknown) => ({
    status,
    headers: {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const error = (id: unknown, message: string) => ({ jsonrpc: '2.0', id, error: { code: -32000, message } });
  assert.equal(isSessionLost(answer(404, 'not here'), 7), true);
  assert.equal(isSessionLost(answer(404, error(null, 'Session not found')), 7), true);
  assert.equal(isSessionLost(answer(400, error(null, 'No valid session ID')), 7), true);
  assert.equal(isSessionLost(answer(400, error(7, 'user session limit reached after booking')), 7), false);
  assert.equal(isSessionLost(answer(404, error(7, 'no such session')), 7), false);
  assert.equal(isSessionLost(answer(400, 'order was stored, but closing the database session failed'), 7), false);
  assert.equal(isSessionLost(answer(400, error(null, 'bad arguments')), 7), false);
  assert.equal(isSessionLost(answer(500, error(null, 'session')), 7), false);
});

test('a batch is one level deep, and nested ones do no harm', () => {
  const events = { onNotification: () => undefined, onReopened: () => undefined, onClosed: () => undefined };
  const pending = new PendingRequests(events);
  const sent: string[] = [];
  pending.receive(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)), (text) => sent.push(text));
  pending.receive([{ id: 1, method: 'ping' }], (text) => sent.push(text));
  assert.equal(sent.length, 1);
});

test('a page of tools counts with its characters, and has a bound', () => {
  const tools = [{ name: 'fine', inputSchema: { type: 'object' } }];
  assert.deepEqual(readToolPage({ tools, nextCursor: 'x' }), {
    tools,
    nextCursor: 'x',
    characters: JSON.stringify(tools).length,
  });
  assert.equal(readToolPage({ tools, nextCursor: '' }).nextCursor, undefined);
  assert.throws(() => readToolPage({ tools: {} }), { code: 'bad_upstream_answer' });
  const endless = Array.from({ length: 20_001 }, () => 0);
  assert.throws(() => readToolPage({ tools: endless }), { message: 'The tool list is longer than 20000 tools.' });
});

test('of a batch without end a beginning is looked at', () => {
  assert.equal(parseMessages(JSON.stringify(Array.from({ length: 100_000 }, () => 0))).length, 1_000);
  const answer = { jsonrpc: '2.0', id: 5, result: {} };
  assert.ok(parseMessages(JSON.stringify([0, answer])).some((message) => isAnswerTo(5, message)));
});

test('a tool called mcp moves to a path that no other tool has', () => {
  const info = { name: undefined, version: undefined, instructions: undefined };
  const tools = [{ name: 'mcp' }, { name: 'mcp-tool' }];
  const { byPath } = buildCatalog({ info, tools }, { disabledTools: [] });
  assert.equal(byPath.get('mcp-tool')?.name, 'mcp-tool');
  assert.equal(byPath.get('mcp-tool-2')?.name, 'mcp');
  assert.deepEqual(byPath.get('mcp-tool-2')?.arguments.check(undefined), { ok: true, value: {} });
});

test('what is nested too deeply to be written is the fault of whoever sent it', () => {
  const deep: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
  assert.throws(() => requestText(1, 'tools/call', { arguments: { deep } }, true), {
    code: 'invalid_arguments',
    status: 422,
  });
  assert.throws(() => answerText({ content: [], structuredContent: deep }), {
    code: 'bad_upstream_answer',
    status: 502,
  });
});

test('patterns with stars', () => {
  const yes: [string, string][] = [
    ['a', 'a'],
    ['abc', '*'],
    ['abc', 'a*'],
    ['abc', '*c'],
    ['abc', 'a*c'],
    ['aXbXc', 'a*b*c'],
    ['', '*'],
    ['a*', 'a*'],
  ];
  const no: [string, string][] = [
    ['ab', 'a'],
    ['A', 'a'],
    ['a', 'aa*'],
    ['aba', 'ab*ba'],
    ['abc', 'a*b'],
    ['a.c', 'abc'],
    ['ab', 'a*b*b'],
  ];
  for (const [text, pattern] of yes) assert.ok(matchesPattern(text, pattern), `${text} ~ ${pattern}`);
  for (const [text, pattern] of no) assert.ok(!matchesPattern(text, pattern), `${text} !~ ${pattern}`);
  // Linear: the classic trap of backtracking is over at once.
  assert.ok(!matchesPattern('a'.repeat(50_000), `${'*a'.repeat(2_000)}*b`));
});

test('disabled tools have the last word over enabled ones', () => {
  const filter = { enabledTools: ['get_*', 'put'], disabledTools: ['get_secret', '*_old'] };
  const allowed = ['get_a', 'put', 'get_secret', 'get_b_old', 'other'].filter((name) => isAllowed(name, filter));
  assert.deepEqual(allowed, ['get_a', 'put']);
});

test('a catalog leaves out what is no tool, and moves a tool that has the name of our route', () => {
  const info = { name: 'n', version: undefined, instructions: undefined };
  const tools = [
    null,
    5,
    {},
    { name: '' },
    { name: 'a', description: 'old' },
    { name: 'mcp' },
    { name: 'a', description: 'new' },
  ];
  const catalog = buildCatalog({ info, tools }, { disabledTools: [] });
  assert.deepEqual(
    catalog.tools.map(({ name, path }) => [name, path]),
    [
      ['a', 'a'],
      ['mcp', 'mcp-tool'],
    ],
  );
  assert.equal(catalog.byPath.get('a')?.description, 'new');
  assert.equal(catalog.byPath.get('mcp'), undefined);
  const same = buildCatalog(JSON.parse(JSON.stringify({ info, tools })), { disabledTools: [] });
  assert.equal(same.fingerprint, catalog.fingerprint);
});

test('header values that HTTP cannot carry are encoded', () => {
  assert.equal(headerValue('plain value'), 'plain value');
  for (const odd of ['näh', ' a', 'a ', '', 'a\nb', '=?base64?YQ==?=']) {
    const encoded = headerValue(odd);
    assert.match(encoded, /^=\?base64\?[A-Za-z0-9+/=]*\?=$/);
    assert.equal(Buffer.from(encoded.slice(9, -2), 'base64').toString('utf8'), odd);
  }
  assert.deepEqual(modernHeaders('resources/read', { uri: 'a:b' }), [
    'mcp-method',
    'resources/read',
    'mcp-name',
    'a:b',
  ]);
  assert.deepEqual(modernHeaders('tools/list', {}), ['mcp-method', 'tools/list']);
});

test('arguments in headers: only those that are declared, present and simple', () => {
  const schema = {
    type: 'object',
    properties: {
      s: { type: 'string', 'x-mcp-header': 'S' },
      n: { type: 'number', 'x-mcp-header': 'N' },
      bad: { type: 'string', 'x-mcp-header': 'a b' },
      deep: { type: 'object', properties: { b: { type: 'boolean', 'x-mcp-header': 'B' } } },
      list: { type: 'array', items: { type: 'string', 'x-mcp-header': 'L' } },
    },
  };
  const args = { s: 'x', n: 1.5, bad: 'y', deep: { b: false }, list: ['z'] };
  assert.deepEqual(parameterHeaders(schema, args), ['mcp-param-S', 'x', 'mcp-param-B', 'false']);
  assert.deepEqual(parameterHeaders(schema, { s: null, deep: null }), []);
  assert.deepEqual(parameterHeaders(undefined, args), []);
});
