/** What of a body is refused because a server could read it otherwise than we do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GatewayError } from '../../../src/errors.ts';
import { type Body, readBody } from '../../../src/http/mcp/body.ts';

const META = 'io.modelcontextprotocol';

function refusal(text: string): GatewayError | undefined {
  try {
    readBody(text);
    return undefined;
  } catch (error) {
    return error as GatewayError;
  }
}

function refused(text: string): void {
  const error = refusal(text);
  assert.deepEqual([error?.status, error?.code], [400, 'bad_mcp_request'], text.slice(0, 200));
}

const request = (params: string, method = 'tools/call'): string =>
  `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`;

describe('a message', () => {
  it('is refused where only the case tells a key of its envelope from one of JSON-RPC', () => {
    for (const key of ['ID', 'Id', 'Method', 'METHOD', 'Params', 'paramſ', 'reſult', 'Result', 'Error', 'JSONRPC']) {
      refused(`{"jsonrpc":"2.0","id":1,"method":"ping","${key}":7}`);
      refused(`{"jsonrpc":"2.0","id":1,"result":{},"${key}":7}`);
      refused(`{"jsonrpc":"2.0","method":"vendor/x","${key}":7}`);
      refused(`[{"jsonrpc":"2.0","id":1,"method":"ping","${key}":7}]`);
    }
    refused('{"jsonrpc":"2.0","id":1,"method":"ping","\\u0049D":7}');
  });

  it('is refused where only the case tells a parameter from one of the specification', () => {
    const keys = [
      'Name',
      'Arguments',
      'URI',
      'Cursor',
      'Level',
      'RequestId',
      'requestid',
      'reaſon',
      'Ref',
      'argumentſ',
    ];
    for (const key of [...keys, 'Context', '_Meta', 'protocolversion', 'Capabilities', 'Clientinfo', 'RequestState']) {
      refused(request(`{"name":"x","${key}":7}`));
      refused(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"${key}":7}}`);
    }
    refused(request('{"toKen":1,"progreſſToKen":2}', 'notifications/progress'));
  });

  it('is refused where only the case tells a key of _meta from one of the specification', () => {
    const keys = ['ProgressToken', 'progresstoKen', `${META}/ProtocolVersion`, `${META.toUpperCase()}/protocolVersion`];
    for (const key of [...keys, 'IO.modelcontextprotocol/not-yet']) {
      for (const method of ['tools/call', 'vendor/x']) refused(request(`{"_meta":{"${key}":7}}`, method));
    }
  });

  it('passes with the keys of vendors, and whatever their parameters and the arguments of tools are called', () => {
    const texts = [
      '{"jsonrpc":"2.0","id":1,"method":"ping","x-id":1,"identity":2,"_id":3,"Meta":4}',
      request('{"name":"x","arguments":{"Name":1,"ID":2,"URI":3,"_Meta":{"ProgressToken":1}},"names":1,"Meta":2}'),
      request('{"Name":1,"URI":2,"ID":3}', 'vendor/x'),
      '{"jsonrpc":"2.0","method":"notifications/vendor","params":{"Level":1}}',
      request(`{"_meta":{"progressToken":1,"ProgressTokens":2,"${META}/not-yet":3,"x/${META}":4}}`),
      '{"jsonrpc":"2.0","id":1,"result":{"ID":1,"Method":2,"_Meta":3}}',
    ];
    for (const text of texts) assert.equal(readBody(text).messages[0]?.text, text);
  });

  it('is refused where it is a request and an answer', () => {
    refused('{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}');
    refused('{"jsonrpc":"2.0","method":"vendor/x","error":{"code":1,"message":""}}');
  });

  it('is refused with an id that is no text and no finite number', () => {
    for (const id of ['1e999', '-1e999', `1${'0'.repeat(400)}`, '{}', '[]', 'true', 'null']) {
      refused(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
      refused(`[{"jsonrpc":"2.0","id":${id},"method":"ping"}]`);
      refused(`{"jsonrpc":"2.0","id":${id},"result":{}}`);
    }
    assert.equal(readBody('{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}').messages.length, 1);
  });

  it('is dropped where it is a request without an id', () => {
    const kept = (text: string): Body['messages'] => readBody(text).messages;
    for (const method of ['tools/call', 'initialize', 'logging/setLevel', 'sampling/createMessage']) {
      assert.deepEqual(kept(`{"jsonrpc":"2.0","method":"${method}","params":{"name":"x"}}`), []);
    }
    const batch = kept('[{"jsonrpc":"2.0","method":"tools/call"},{"jsonrpc":"2.0","method":"vendor/call"}]');
    assert.deepEqual(
      batch.map(({ method }) => method),
      ['vendor/call'],
    );
  });
});

describe('a batch', () => {
  it('is refused, and not a fault of ours, where one message is nested thousands deep', () => {
    for (const levels of [900, 100_000]) {
      const deep = `${'['.repeat(levels)}${']'.repeat(levels)}`;
      for (const more of ['', ',{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}']) {
        const error = refusal(`[{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${deep}}}${more}]`);
        assert.ok(error === undefined || error.status === 413, error?.message);
        assert.ok(levels < 1_000 || error?.status === 413, 'far too deep');
      }
    }
  });

  it('is refused for its length before anybody looks at its messages', () => {
    const text = `[${Array(101).fill('{"ID":12345678901234567890}').join(',')}]`;
    assert.match(refusal(text)?.message ?? '', /holds 101/);
  });

  it('keeps integers beyond 2^53', () => {
    const text = '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"n":12345678901234567890,"m":1}}';
    assert.equal(readBody(`[${text}]`).messages[0]?.text, text);
  });
});
