/** What callers without a connection are answered in the place of the server. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KnownServer } from '../../../src/mcp/login/known-server.ts';
import { unconnectedAnswer } from '../../../src/mcp/login/unconnected.ts';
import { requestMessage } from '../../../src/upstream/peer/message.ts';
import type { Server } from '../../../src/upstream/server.ts';

const known = new KnownServer({ name: 'notes' } as Server);
const nobody = { name: 'notes', known, era: 'legacy', isNobody: true } as const;

describe('the lists of a server for somebody without an account', () => {
  it('are empty', () => {
    const answer = unconnectedAnswer(requestMessage(1, 'resources/templates/list'), nobody);
    assert.deepEqual(answer?.result, { resourceTemplates: [] });
  });

  it('are those that the protocol knows, whatever a method is called', () => {
    for (const method of ['constructor', '__proto__', 'toString', 'tasks/list']) {
      assert.equal(unconnectedAnswer(requestMessage(1, method), nobody), undefined, method);
    }
  });
});
