/** What all callers of one server share: what it can do, and the name of the tool that connects. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectNames } from '../../../src/mcp/login/connect-tool.ts';
import { startChatStory } from '../../http/hand-off-story.ts';
import { Gates } from './gate-story.ts';

describe('KnownServer', () => {
  it('keeps switches that the specification knows, and nothing that could be of one person', async (t) => {
    const { known } = new Gates((await startChatStory(t)).app);
    known.learn({
      capabilities: {
        tools: { listChanged: false, owner: 'alice' },
        resources: { subscribe: true, listChanged: 'alice' },
        logging: {},
        experimental: { alice: {} },
      },
      serverInfo: { name: 'alice' },
      instructions: 'alice',
    });
    assert.deepEqual(known.capabilities, { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} });
    known.learn({ capabilities: 'alice' });
    assert.deepEqual(Object.keys(known.capabilities).sort(), ['logging', 'resources', 'tools']);
  });

  it('makes way for a tool of the server, and takes both names for ours as long as nobody else has them', async (t) => {
    const { known } = new Gates((await startChatStory(t)).app);
    assert.equal(known.connectName, 'connect_notes');
    assert.ok(known.isConnectName('latchkey_connect_notes'));
    known.see([null, 7, { name: 'connect_notes' }, { name: 'other' }]);
    assert.equal(known.connectName, 'latchkey_connect_notes');
    assert.equal(known.isConnectName('connect_notes'), false);
    assert.equal(known.isConnectName('other'), false);
    assert.equal(known.isConnectName(undefined), false);
    known.see(connectNames('notes').map((name) => ({ name })));
    assert.equal(known.isConnectName(known.connectName), true, 'a server that takes them all cannot hide ours');
  });

  it('names tools in the letters and the length that model providers accept', () => {
    assert.deepEqual(connectNames('a/b c').slice(0, 2), ['connect_a_b_c', 'latchkey_connect_a_b_c']);
    const [one, other] = [connectNames('x'.repeat(80)), connectNames(`${'x'.repeat(80)}y`)];
    for (const name of [...one, ...other]) assert.match(name, /^[A-Za-z0-9_-]{1,64}$/);
    assert.equal(new Set([...one, ...other]).size, one.length + other.length);
  });
});

describe('LoginGate at a server that has a tool of our name', () => {
  it('lists both, and calls the one that is meant', async (t) => {
    const { app, notes } = await startChatStory(t);
    const gates = new Gates(app);
    const ann = gates.open(t);
    await ann.initialize();
    await ann.connect(String((await ann.call('connect_notes')).text));
    // As a server may list it on any day.
    gates.known.see([{ name: 'connect_notes' }]);
    assert.ok((await ann.tools()).includes('latchkey_connect_notes'));
    assert.match((await ann.call('latchkey_connect_notes')).text, /Connected at/);
    const { error } = await ann.call('connect_notes');
    assert.equal(error?.message, 'Unknown tool: connect_notes', 'it went to the server');
    assert.equal(notes.answered('connect_notes').length, 1);
  });
});
