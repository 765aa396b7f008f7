/** Each failure as a JSON-RPC error: a code that clients know, ours beside it, and nothing private. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorCode, GatewayError } from '../../src/errors.ts';
import { failureMessage } from '../../src/mcp/failures.ts';
import { authorizationRequired, providerUnavailable } from '../../src/oauth/errors.ts';
import { timedOut } from '../../src/upstream/call-scope.ts';
import { RpcError } from '../../src/upstream/jsonrpc.ts';
import { badAnswer, connectionLost, NotSentError, unavailable } from '../../src/upstream/wire.ts';

function worded(error: unknown): readonly [unknown, unknown, unknown] {
  const { id, error: told } = failureMessage('an id', error);
  assert.equal(id, 'an id');
  return [told?.code, told?.message, told?.data];
}

describe('failureMessage', () => {
  it('tells each kind by a code of its own', () => {
    const kinds: readonly [unknown, number, ErrorCode][] = [
      [timedOut(1_000), -32001, 'call_timeout'],
      [new DOMException('late', 'TimeoutError'), -32001, 'call_timeout'],
      [new DOMException('gone', 'AbortError'), -32000, 'cancelled'],
      [unavailable('Down.', 5), -32000, 'server_unavailable'],
      [new NotSentError('connection', 'connect ECONNREFUSED 10.1.2.3:80'), -32000, 'server_unavailable'],
      [new NotSentError('session', 'HTTP 404 at http://10.1.2.3/'), -32000, 'server_unavailable'],
      [connectionLost('read ECONNRESET 10.1.2.3'), -32000, 'connection_lost'],
      [badAnswer('Odd.', '10.1.2.3'), -32603, 'bad_upstream_answer'],
      [new GatewayError('body_too_large', 413, 'Too large.'), -32600, 'body_too_large'],
      [new GatewayError('method_not_allowed', 405, 'No stream.'), -32600, 'method_not_allowed'],
      [new GatewayError('invalid_json', 400, 'No JSON.'), -32700, 'invalid_json'],
      [new GatewayError('invalid_arguments', 422, 'Odd.'), -32602, 'invalid_arguments'],
      [new TypeError('10.1.2.3 is not a function'), -32603, 'internal'],
      ['10.1.2.3', -32603, 'internal'],
    ];
    for (const [error, code, name] of kinds) {
      const [told, message, data] = worded(error);
      assert.deepEqual([told, (data as { error: unknown }).error], [code, name]);
      assert.doesNotMatch(`${message}${JSON.stringify(data)}`, /10\.1\.2\.3/);
      assert.match(String(message), /\w/);
    }
  });

  it('speaks of effects where a tool was called, and of nothing else', () => {
    assert.equal(
      worded(timedOut(1_500))[1],
      'The server did not answer within 1.5 seconds. The call was cancelled; it may have had effects.',
    );
    assert.equal(worded(timedOut(1_500, false))[1], 'The server did not answer within 1.5 seconds.');
  });

  it('says when to come again, and where to sign in', () => {
    assert.deepEqual(worded(unavailable('Down.', 5)), [
      -32000,
      'Down.',
      { error: 'server_unavailable', retry_after: 5 },
    ]);
    const told = authorizationRequired('notes', 'No account.').told({ link: 'http://h/a' });
    const data = { error: 'authorization_required', authorize_url: 'http://h/a' };
    assert.deepEqual(worded(told), [-32603, 'No account. Ask the user to open http://h/a to connect it.', data]);
    const [code, , more] = worded(providerUnavailable('notes', 7).told({}));
    assert.deepEqual([code, more], [-32000, { error: 'provider_unavailable', retry_after: 7 }]);
  });

  it('leaves what the server said as it is', () => {
    assert.deepEqual(worded(new RpcError(-32042, 'Open it.', { elicitations: [] })), [
      -32042,
      'Open it.',
      { elicitations: [] },
    ]);
    assert.deepEqual(worded(new RpcError(7, 'No.')), [7, 'No.', undefined]);
  });
});
