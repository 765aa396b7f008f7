/** A server with one login for all: no tool of ours, and the plain link for everybody. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { API_KEY_HOLDER } from '../../../src/identity/principal.ts';
import { startStory } from '../../http/login-story.ts';
import { elicitationOf, Gates, told } from './gate-story.ts';

describe('LoginGate at a server with one login for all', () => {
  it('keeps the session alive, and words the missing login with the plain link', async (t) => {
    const { app } = await startStory(t, { oauth: { multi_user: false } });
    const gates = new Gates(app);
    const link = `http://localhost:${app.settings.port}/oauth/notes/authorize`;
    const sentence = `No account is connected at "notes". Ask the user to open ${link} to connect it.`;
    const someone = gates.open(t, { principal: API_KEY_HOLDER });
    await someone.initialize();
    assert.deepEqual(told(await someone.call('whoami')), [sentence, true]);
    for (const method of ['tools/list', 'prompts/list']) {
      const { error } = await someone.ask(method);
      assert.deepEqual([error?.code, error?.message], [-32603, sentence]);
    }
    assert.deepEqual(told(await someone.call('connect_notes')), [sentence, true], 'there is no such tool of ours');
    const opener = gates.open(t, { principal: API_KEY_HOLDER });
    await opener.initialize({ elicitation: { url: {} } });
    assert.deepEqual([elicitationOf(await opener.call('whoami')).url], [link]);
  });
});
