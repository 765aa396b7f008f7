/** The guide's chapter on Open WebUI: its commands are run as they stand there, and what it shows is what comes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { blocksOf } from '../helpers/markdown.ts';
import { bearer, USER_JWT_SECRET, userJwt, WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { until } from '../helpers/wait.ts';
import { AuthsServer } from '../identity/open-webui/auths-server.ts';
import { ChatUser, CODE, withoutTickets } from './chat-user.ts';
import { GuidePlace, OPEN_WEBUI } from './guide-place.ts';

const OPEN_WEBUI_URL = 'http://localhost:3000';
const CURL = 'curl "http://localhost:8000/openapi.json?key=';
const API_KEY = 'a7f3c1e95b2d4860';

interface Way {
  /** How its section begins. */
  readonly name: string;
  /** What it needs in the environment of latchkey. */
  readonly env: Readonly<Record<string, string>>;
  /** What has to stand in Open WebUI's. */
  readonly theirs: readonly string[];
  readonly auth: 'session' | 'bearer';
  /** What Open WebUI sends with a call of Ann's. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
}

const withKey = { authorization: `Bearer ${API_KEY}` };

const WAYS: readonly Way[] = [
  {
    name: 'Signed header.',
    env: { LATCHKEY_API_KEY: API_KEY, LATCHKEY_USER_JWT_SECRET: USER_JWT_SECRET },
    theirs: ['ENABLE_FORWARD_USER_INFO_HEADERS=true', 'FORWARD_USER_INFO_HEADER_JWT_SECRET=...'],
    auth: 'bearer',
    headers: async () => ({ ...withKey, 'x-openwebui-user-jwt': await userJwt('ann') }),
  },
  { name: 'Asking Open WebUI.', env: {}, theirs: [], auth: 'session', headers: () => bearer('ann') },
  {
    name: 'Shared secret.',
    env: { WEBUI_SECRET_KEY: WEBUI_SECRET },
    theirs: ['WEBUI_SECRET_KEY=...'],
    auth: 'session',
    headers: () => bearer('ann'),
  },
  {
    name: 'Shared secret of one server.',
    env: { NOTES_WEBUI_SECRET_KEY: WEBUI_SECRET },
    theirs: [],
    auth: 'session',
    headers: () => bearer('ann'),
  },
  {
    name: 'Plain headers.',
    env: { LATCHKEY_API_KEY: API_KEY },
    theirs: ['ENABLE_FORWARD_USER_INFO_HEADERS=true'],
    auth: 'bearer',
    headers: async () => ({ ...withKey, 'x-openwebui-user-id': 'ann' }),
  },
  { name: 'Nothing', env: {}, theirs: [], auth: 'session', headers: () => bearer('ann') },
];

describe('the commands of the chapter on Open WebUI', () => {
  let guide: GuidePlace;
  let openWebui: AuthsServer;
  before(async () => {
    openWebui = await AuthsServer.start();
    openWebui.users.set('ann', { name: 'Ann', email: 'ann@example.org' });
    guide = await GuidePlace.prepare(OPEN_WEBUI, {}, { [OPEN_WEBUI_URL]: openWebui.url });
    guide.write('webui.yaml', quickest());
    guide.place.env.LATCHKEY_DOCUMENT_KEY = guide.run('openssl rand -hex 32').trim();
  });
  after(async () => {
    await guide.remove();
    await openWebui.stop();
  });

  function quickest(): string {
    const [config = ''] = guide.blocks('yaml');
    return config;
  }

  /** The configuration of the quickest way, with what the section has in place of its `open_webui`. */
  function withExample(section: string): string {
    const [example = '', ...more] = blocksOf(section, 'yaml');
    assert.deepEqual(more, []);
    const rest = quickest()
      .split(/^(?=document_key|mcpServers)/m)
      .slice(1);
    const kept = rest.filter((part) => !example.includes(part.split(':')[0] ?? part));
    return [example, ...kept].join('');
  }

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
    const checked = guide.run('latchkey check --config webui.yaml');
    assert.match(checked, /valid: 1 server/);
    assert.doesNotMatch(checked, /warning/);
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
      assert.match(asked, /For ann@example\.org \(Ann\) ?, who asked for it in a chat/);
      const [code = ''] = CODE.exec(ended) ?? [];
      assert.match(ended, /I did not ask for this: cancel/);
      const confirmed = await user.call('/notes/connect_notes', { code: code.toLowerCase() });
      assert.deepEqual(confirmed, { status: 200, body: connected });
      assert.deepEqual(await user.call('/notes/whoami'), { status: 200, body: 'alice' });
      assert.ok((await toolsListed()).includes('/notes/whoami'), 'what one user was shown is listed for all');
    });
  });

  for (const { name, env, theirs, auth, headers } of WAYS) {
    it(`who is calling, the way "${name}": its example is enough for latchkey to know the user`, async () => {
      const isProven = name !== 'Nothing';
      const section = guide.section(name);
      const config = withExample(section);
      guide.write('webui.yaml', config);
      Object.assign(guide.place.env, env);
      try {
        assert.match(guide.checked(config), isProven ? /^(?!.*warning)/s : /ANYBODY CAN CLAIM TO BE ANYBODY/);
        assert.deepEqual(blocksOf(section, 'ini').join('').split('\n').filter(Boolean), theirs);
        assert.match(section, auth === 'bearer' ? /Auth is Bearer/ : /Auth is Session|The same for that server/);
        await guide.serving('latchkey --config webui.yaml', async (log) => {
          const user = new ChatUser(guide.home, await headers());
          const answer = await user.call('/notes/whoami');
          // The account that Ann has connected above is hers in all ways but the one that proves nothing.
          if (isProven) assert.deepEqual(answer, { status: 200, body: 'alice' });
          else assert.match(JSON.stringify(answer.body), /authorization_required.*\?ticket=/);
          assert.ok((await toolsListed()).includes('/notes/connect_notes'));
          if (!isProven) return;
          const connection = await until(() => connectionIn(log()));
          assert.match(JSON.stringify(connection), new RegExp(`"auth_type":"${auth}"`));
        });
      } finally {
        for (const variable of Object.keys(env)) delete guide.place.env[variable];
      }
    });
  }

  it('none is left out: no command, and no configuration', () => {
    assert.deepEqual(guide.left(), []);
    const examples = WAYS.flatMap(({ name }) => blocksOf(guide.section(name), 'yaml'));
    assert.deepEqual(guide.blocks('yaml').sort(), [quickest(), ...examples].sort());
  });
});
