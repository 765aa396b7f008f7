/** A session with a server where each person signs in, through the whole gateway: before the login, at it, and after it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consent, linkIn } from '../hand-off-story.ts';
import {
  as,
  bringCode,
  browserOf,
  Client,
  elicitationIn,
  LIST_CHANGED,
  OPENS_URLS,
  said,
  startPeopleStory,
  TOOLS,
  told,
} from './logins-story.ts';

const ANN = { headers: as('ann') };

describe('a session of somebody who has not signed in at the server', () => {
  it('begins, and offers the one tool that connects', async (t) => {
    const { app, notes } = await startPeopleStory(t);
    const ann = await Client.open(t, app, ANN);
    const { capabilities, protocolVersion } = ann.welcome;
    assert.equal(protocolVersion, '2025-11-25');
    assert.deepEqual((capabilities as { tools: unknown }).tools, { listChanged: true });
    assert.deepEqual(await ann.tools(), ['connect_notes']);
    assert.deepEqual((await ann.ask('prompts/list')).result, { prompts: [] });
    assert.deepEqual((await ann.ask('resources/list')).result, { resources: [] });
    assert.deepEqual((await ann.ask('ping')).result, {});
    assert.deepEqual(notes.seen, [], 'nobody asks the server without a token');
  });

  it('is told the link by the result of a tool, and beside other errors', async (t) => {
    const { app, notes } = await startPeopleStory(t);
    for (const more of [
      {},
      { capabilities: { elicitation: {} } },
      { capabilities: OPENS_URLS, version: '2025-06-18' },
    ]) {
      const ann = await Client.open(t, app, { ...ANN, ...more });
      const [text, isError] = told(await ann.call('whoami'));
      assert.equal(isError, true);
      const link = linkIn(text);
      assert.match(text, /^No account is connected at "notes"\. .+ call connect_notes with it\.$/);
      const { error } = (await ann.ask('prompts/get', { name: 'p' })) as { error: Record<string, unknown> };
      assert.deepEqual(error, {
        code: -32603,
        message: text,
        data: { error: 'authorization_required', authorize_url: link },
      });
    }
    assert.deepEqual(notes.seen, []);
  });

  it('connects by the link in a browser that nobody knows, and the code of its last page', async (t) => {
    const { app, notes } = await startPeopleStory(t);
    const ann = await Client.open(t, app, ANN);
    const link = linkIn(told(await ann.call('whoami'))[0]);
    const [odd, isError] = told(await ann.call('connect_notes', { code: 'ABCDE-FGHJK' }));
    assert.equal(isError, true, odd);
    assert.deepEqual(ann.heard, []);
    assert.equal(await bringCode(app, ann, link), 'Connected at "notes" for ann. Go on.');
    await ann.hears(LIST_CHANGED);
    assert.deepEqual((await ann.tools()).toSorted(), [...TOOLS, 'count_words'].toSorted());
    assert.equal(said(await ann.call('whoami')), 'alice');
    assert.equal(said(await ann.call('add_note', { text: 'x' })), 'You have 1 notes');
    assert.match(
      said(await ann.call('connect_notes')),
      /^Connected at "notes" for ann\. To use another account, open /,
    );
    const calls = notes.seen.filter(({ name }) => name === 'whoami');
    assert.deepEqual(
      calls.map(({ account }) => account),
      ['alice'],
    );
  });

  it('is asked by -32042 if its client opens addresses, and hears when that is done', async (t) => {
    const { app, notes } = await startPeopleStory(t);
    const ann = await Client.open(t, app, { ...ANN, capabilities: OPENS_URLS });
    const asked = await ann.call('whoami');
    const { elicitationId, url = '', mode, message } = elicitationIn(asked);
    assert.deepEqual([mode, linkIn(`${url} `)], ['url', url]);
    assert.match(String(message), /^No account is connected at "notes"\./);
    await consent(await browserOf(app, 'ann'), url);
    const [complete] = await ann.hears('notifications/elicitation/complete');
    assert.deepEqual(complete?.params, { elicitationId });
    await ann.hears(LIST_CHANGED);
    assert.ok((await ann.tools()).includes('whoami'));
    assert.equal(said(await ann.call('whoami')), 'alice');
    assert.equal(notes.answered('whoami', 'alice').length, 1);
  });
});
