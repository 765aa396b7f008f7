/** What a gate adds to a server's answers, and that it changes nothing else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withChangingTools, withTool } from '../../../src/mcp/login/mended.ts';
import { type Message, readMessage } from '../../../src/upstream/peer/message.ts';

function answer(rest: string): Message {
  const message = readMessage(`{"jsonrpc":"2.0","id":1,${rest}}`);
  assert.ok(message);
  return message;
}

const TOOL = { name: 'ours' };

describe('withTool', () => {
  it('puts ours at the end, and leaves all else exact', () => {
    const list = '"result":{"tools":[{"name":"a","n":12345678901234567890}],"nextCursor":"c","cacheScope":"public"}';
    const legacy =
      '"result":{"tools":[{"name":"a","n":12345678901234567890},{"name":"ours"}],"nextCursor":"c","cacheScope":';
    assert.ok(withTool(answer(list), TOOL, 'legacy').text.endsWith(`${legacy}"public"}}`));
    assert.ok(withTool(answer(list), TOOL, 'modern').text.endsWith(`${legacy}"private"}}`));
  });

  it('stands alone where the server knows no tools, and nowhere hides an error', () => {
    const unknown = answer('"error":{"code":-32601,"message":"Method not found"}');
    assert.deepEqual(withTool(unknown, TOOL, 'legacy').result, { tools: [TOOL] });
    assert.deepEqual(Object.keys(withTool(unknown, TOOL, 'modern').result ?? {}).sort(), [
      'cacheScope',
      'resultType',
      'tools',
      'ttlMs',
    ]);
    for (const rest of ['"error":{"code":-32603,"message":"No"}', '"result":{"tools":7}', '"result":[1]']) {
      const other = answer(rest);
      assert.equal(withTool(other, TOOL, 'legacy'), other);
    }
  });

  it('passes what is nested too deeply to be written', () => {
    const deep = answer(`"result":{"tools":[${'['.repeat(20_000)}${']'.repeat(20_000)}]}`);
    assert.equal(withTool(deep, TOOL, 'legacy'), deep);
  });
});

describe('withChangingTools', () => {
  it('says that tools may change, beside what the server says', () => {
    const mended = withChangingTools(
      answer('"result":{"capabilities":{"x":98765432109876543210,"tools":{"y":1}},"z":1}'),
    );
    assert.ok(
      mended.text.endsWith('{"capabilities":{"x":98765432109876543210,"tools":{"y":1,"listChanged":true}},"z":1}}'),
    );
    const bare = withChangingTools(answer('"result":{}'));
    assert.deepEqual(bare.result, { capabilities: { tools: { listChanged: true } } });
  });

  it('leaves what says so, and errors, as they are', () => {
    for (const rest of [
      '"result":{"capabilities":{"tools":{"listChanged":true}}}',
      '"error":{"code":1,"message":"No"}',
    ]) {
      const other = answer(rest);
      assert.equal(withChangingTools(other), other);
    }
  });
});
