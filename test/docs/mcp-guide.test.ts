/** The guide to MCP: its commands are run as they stand there, and what it shows is what comes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { withoutTickets } from './chat-user.ts';
import { GuidePlace } from './guide-place.ts';

const GUIDE = readFileSync('docs/mcp.md', 'utf8');

interface Answer {
  readonly result: {
    readonly tools?: readonly { readonly name: string }[];
    readonly content?: readonly { readonly text: string }[];
    readonly isError?: boolean;
  };
}

describe('the guide to MCP', () => {
  let guide: GuidePlace;
  before(async () => {
    guide = await GuidePlace.prepare(GUIDE, { ANN_PASSWORD: 'ann-pw' });
    const [config = ''] = guide.blocks('yaml');
    guide.write('config.yaml', config);
  });
  after(() => guide.remove());

  it('shows commands that work, and a missing login as it comes', () =>
    guide.serving('latchkey --config config.yaml', async () => {
      const all = (await guide.ask('curl -su "ann:$ANN_PASSWORD" http://localhost:8000/mcp')) as Answer;
      assert.deepEqual(
        all.result.tools?.map(({ name }) => name),
        ['connect_notes'],
      );
      const begun = guide.run('curl -siu');
      assert.match(begun, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(begun, /^mcp-session-id: [\w-]{43}\r$/m);
      assert.match(begun, /"protocolVersion":"2025-11-25"/);
      const refused = (await guide.ask('curl -su "ann:$ANN_PASSWORD" http://localhost:8000/notes/mcp')) as Answer;
      const [sentence = ''] = guide.blocks('text');
      assert.equal(refused.result.isError, true);
      assert.equal(withoutTickets(refused).result.content?.[0]?.text, sentence.trim());
    }));

  it('shows how a stream of older clients begins', () =>
    guide.serving('latchkey --config config.yaml', async () => {
      const [, stream = ''] = guide.blocks('text');
      const [first = ''] = stream.split('\n\n');
      const headers = { authorization: `Basic ${btoa('ann:ann-pw')}` };
      const response = await fetch(`${guide.home}/notes/sse`, { headers });
      const reader = response.body?.getReader();
      const begun = new TextDecoder().decode((await reader?.read())?.value);
      await reader?.cancel();
      assert.equal(begun.trimEnd().replace(/(sessionId=)[\w-]+/, '$1...'), first);
    }));

  it('shows every command to a test, and configurations that are valid', () => {
    guide.checkConfigurations();
    assert.deepEqual(guide.left(), []);
  });
});
