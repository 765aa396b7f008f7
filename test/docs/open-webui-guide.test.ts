/** The guide's chapter on Open WebUI: its commands are run as they stand there, and what it shows is what comes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bearer } from '../helpers/open-webui-users.ts';
import { until } from '../helpers/wait.ts';
import { AuthsServer } from '../identity/open-webui/auths-server.ts';
import { ChatUser, CODE, withoutTickets } from './chat-user.ts';
import { GuidePlace, OPEN_WEBUI } from './guide-place.ts';

const OPEN_WEBUI_URL = 'http://localhost:3000';
const CURL = 'curl "http://localhost:8000/openapi.json?key=';

describe('the commands of the chapter on Open WebUI', () => {
  let guide: GuidePlace;
  let openWebui: AuthsServer;
  before(async () => {
    openWebui = await AuthsServer.start();
    openWebui.users.set('ann', { name: 'Ann' });
    guide = await GuidePlace.prepare(OPEN_WEBUI, {}, { [OPEN_WEBUI_URL]: openWebui.url });
    const [config = ''] = guide.blocks('yaml');
    guide.write('webui.yaml', config);
    guide.place.env.LATCHKEY_DOCUMENT_KEY = guide.run('openssl rand -hex 32').trim();
  });
  after(async () => {
    await guide.remove();
    await openWebui.stop();
  });

  async function toolsListed(): Promise<string[]> {
    const { paths } = (await guide.ask(CURL)) as { paths: object };
    return Object.keys(paths);
  }

  /** The connection that the log tells, as the guide shows it; undefined: not yet. */
  function connectionIn(log: string): unknown {
    const told = /^.*"TOOL_SERVER_CONNECTIONS".*\n/m.exec(log)?.[0];
    if (told === undefined) return undefined;
    const { TOOL_SERVER_CONNECTIONS: list } = JSON.parse(told) as Record<string, unknown>;
    return JSON.parse(JSON.stringify(list).replace(guide.place.env.LATCHKEY_DOCUMENT_KEY ?? '', '...'));
  }

  it('the quickest way: check, start, and from the first question in the chat to the answer', async () => {
    assert.match(guide.run('latchkey check --config webui.yaml'), /valid: 1 server/);
    await guide.serving('latchkey --config webui.yaml', async (log) => {
      const [shown = ''] = guide.blocks('json');
      assert.deepEqual(await until(() => connectionIn(log())), JSON.parse(shown));
      assert.deepEqual(await toolsListed(), ['/notes/connect_notes']);

      const user = new ChatUser(guide.home, await bearer('ann'));
      const [needed = '', connected = ''] = guide.blocks('text').map((block) => block.trim());
      const refused = await user.call('/notes/whoami');
      const { error, message, authorize_url: link = '' } = refused.body as Record<string, string>;
      assert.deepEqual([refused.status, error, withoutTickets(message)], [401, 'authorization_required', needed]);
      assert.deepEqual(withoutTickets(await user.call('/notes/connect_notes')), { status: 200, body: needed });

      const { asked, ended } = await user.follow(link, 'alice');
      assert.match(asked, /Connect an account at "notes"\?/);
      assert.match(asked, /For Ann ?, who asked for it in a chat/);
      const [code = ''] = CODE.exec(ended) ?? [];
      assert.match(ended, /I did not ask for this: cancel/);
      const confirmed = await user.call('/notes/connect_notes', { code: code.toLowerCase() });
      assert.deepEqual(confirmed, { status: 200, body: connected });
      assert.deepEqual(await user.call('/notes/whoami'), { status: 200, body: 'alice' });
      assert.ok((await toolsListed()).includes('/notes/whoami'), 'what one user was shown is listed for all');
    });
  });

  it('none is left out, and every block is a configuration that is valid', () => {
    guide.checkConfigurations();
    assert.deepEqual(guide.left(), []);
  });
});
