/** The one refusal of all that is no credential, to the letter. */
import assert from 'node:assert/strict';
import type { RawAnswer } from '../raw.ts';

/** Whatever was asked for and however: what a caller without a credential is told under a servers file. */
export function assertUnauthorized({ status, headers, body }: RawAnswer, what: string): void {
  assert.equal(status, 401, `${what}: ${status} ${body}`);
  assert.equal(headers['www-authenticate'], 'Basic realm="MCP Gateway", Bearer', what);
  if (!what.startsWith('HEAD ')) assert.equal(body, 'Unauthorized', what);
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8', what);
  assert.match(String(headers['x-latchkey-error']), /^(?:missing|invalid)_credentials$/, what);
  assert.match(String(headers['x-request-id']), /^[0-9a-f]{8}-/, what);
}
