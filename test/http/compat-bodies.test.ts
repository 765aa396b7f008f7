/** Bodies of requests: content types, JSON and what is not JSON, as mcpo reads them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { ask, startCases } from '../helpers/mcpo-cases-app.ts';

const BODY = '{"i":1,"s":"a"}';
const ARGS = { i: 1, s: 'a' };

const NO_OBJECT = (input: unknown) => ({
  detail: [
    {
      type: 'model_attributes_type',
      loc: ['body'],
      msg: 'Input should be a valid dictionary or object to extract fields from',
      input,
    },
  ],
});

describe('bodies as mcpo reads them', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['calls']);
  });
  after(() => app.close());

  const send = (body: unknown, type?: string) =>
    ask(app, '/calls/scalars', body, type === undefined ? {} : { 'content-type': type });

  for (const type of [
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json; garbage',
    'application/json;',
    'application/vnd.api+json',
    'application/problem+json; q=1',
    '',
  ]) {
    it(`JSON under the content type "${type}"`, async () => {
      assert.deepEqual(await send(BODY, type), { status: 200, body: { tool: 'scalars', args: ARGS } });
    });
  }

  for (const type of [
    'text/plain',
    'text/json',
    'application/jsonp',
    'application/octet-stream',
    'application/xml',
    'application/x-www-form-urlencoded',
    'text/plain; application/json',
    'application/json, text/plain',
    'json',
    'garbage/;',
    '*/*',
    '/',
  ]) {
    it(`a mere text under "${type}"`, async () => {
      assert.deepEqual(await send(BODY, type), { status: 422, body: NO_OBJECT(BODY) });
    });
  }

  for (const [body, input] of [
    ['[]', []],
    ['"x"', 'x'],
    ['5', 5],
    ['true', true],
    ['[{"i":1}]', [{ i: 1 }]],
  ] as const) {
    it(`JSON that is no object: ${body}`, async () => {
      assert.deepEqual(await send(body), { status: 422, body: NO_OBJECT(input) });
    });
  }

  it('null is no body', async () => {
    const detail = [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }];
    assert.deepEqual(await send('null'), { status: 422, body: { detail } });
  });

  for (const [body, offset] of [
    ['{', 1],
    ['{"i":}', 5],
    ['{"i":1,}', 7],
    ["{'i':1}", 1],
    ['{"i":1} x', 8],
    ['nul', 0],
    ['{"s":"a\nb"}', 7],
    ['\ufeff{', 1],
  ] as const) {
    it(`broken JSON and where it breaks: ${JSON.stringify(body)}`, async () => {
      const answer = await send(body);
      assert.equal(answer.status, 422);
      const [fault, ...more] = (answer.body as { detail: Record<string, unknown>[] }).detail;
      assert.deepEqual(more, []);
      const { ctx, ...rest } = fault ?? {};
      assert.deepEqual(rest, { type: 'json_invalid', loc: ['body', offset], msg: 'JSON decode error', input: {} });
      assert.deepEqual(Object.keys(ctx as object), ['error']);
    });
  }

  it('a byte order mark and white space around', async () => {
    assert.deepEqual(await send('\ufeff{"i":"5"}'), { status: 200, body: { tool: 'scalars', args: { i: 5 } } });
    assert.deepEqual(await send(' {} '), { status: 200, body: { tool: 'scalars', args: {} } });
  });

  it('the query is not looked at', async () => {
    const answer = await ask(app, '/calls/scalars?i=7&b=x', BODY);
    assert.deepEqual(answer, { status: 200, body: { tool: 'scalars', args: ARGS } });
  });

  for (const tool of ['noargs', 'noargs_bare']) {
    for (const [body, type] of [
      [undefined, undefined],
      ['', undefined],
      ['null', undefined],
      ['[]', undefined],
      ['{bad', undefined],
      ['i=1&s=a', 'application/x-www-form-urlencoded'],
    ] as const) {
      it(`${tool} ignores ${JSON.stringify(body)}`, async () => {
        const answer = await ask(app, `/calls/${tool}`, body, type === undefined ? {} : { 'content-type': type });
        assert.deepEqual(answer, { status: 200, body: { tool, args: {} } });
      });
    }
  }
});
