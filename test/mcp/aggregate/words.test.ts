/** What the endpoint over several servers says of failures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureAt } from '../../../src/mcp/aggregate/words.ts';
import { failureMessage } from '../../../src/mcp/failures.ts';
import { RpcError } from '../../../src/upstream/jsonrpc.ts';
import { connectionLost, NotSentError, unavailable } from '../../../src/upstream/wire.ts';

function told(error: unknown): unknown {
  return failureMessage(1, failureAt('files', error)).error;
}

test('failures in words of ours name the server, and keep their code and data', () => {
  const lost = { code: -32000, message: 'files: Connection closed', data: { error: 'connection_lost' } };
  assert.deepEqual(told(connectionLost('secret detail')), lost);
  const busy = { code: -32000, message: 'files: It is busy.', data: { error: 'server_unavailable', retry_after: 7 } };
  assert.deepEqual(told(unavailable('It is busy.', 7)), busy);
  const late = { code: -32001, message: 'files: The server did not answer in time.', data: { error: 'call_timeout' } };
  assert.deepEqual(told(new DOMException('', 'TimeoutError')), late);
  assert.match(JSON.stringify(told(new NotSentError('connection', 'secret'))), /"files: The server cannot be reached/);
});

test('what names the server already, or comes from it, stays as it is', () => {
  for (const error of [new RpcError(-1, 'no', { x: 1 }), unavailable('The server "files" is busy.', 7)]) {
    assert.equal(failureAt('files', error), error);
  }
});
