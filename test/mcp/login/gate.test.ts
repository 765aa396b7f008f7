/** A session in front of a server with logins: before the person has connected, at the login, and after it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { API_KEY_HOLDER, openWebuiPrincipal, visitorPrincipal } from '../../../src/identity/principal.ts';
import { bearer } from '../../helpers/open-webui-users.ts';
import { startChatStory } from '../../http/hand-off-story.ts';
import { startStory } from '../../http/login-story.ts';
import { elicitationOf, Gates, linkOf, told } from './gate-story.ts';

const URLS = { elicitation: { url: {} } };

describe('LoginGate, sessions', () => {
  it('lives without a connection, with the one tool that tells how to connect', async (t) => {
    const { app } = await startChatStory(t);
    const ann = new Gates(app).open(t);
    const { protocolVersion, capabilities, serverInfo } = await ann.initialize();
    assert.equal(protocolVersion, '2025-11-25');
    assert.deepEqual(capabilities, {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      logging: {},
      completions: {},
    });
    assert.equal((serverInfo as { name: string }).name, 'notes');
    const { result } = await ann.ask('tools/list');
    assert.deepEqual(Object.keys(result ?? {}), ['tools']);
    const [tool] = (await ann.list()).tools;
    assert.deepEqual([tool?.name, tool?.title], ['connect_notes', 'Connect notes']);
    assert.match(String(tool?.description), /^Connects the user's own account at "notes"/);
    assert.deepEqual(await ann.tools({ cursor: 'x' }), []);
    assert.deepEqual((await ann.ask('prompts/list')).result, { prompts: [] });
    assert.deepEqual((await ann.ask('resources/list')).result, { resources: [] });
    assert.deepEqual((await ann.ask('resources/templates/list')).result, { resourceTemplates: [] });
    assert.deepEqual((await ann.ask('ping')).result, {});
    assert.deepEqual((await ann.ask('logging/setLevel', { level: 'info' })).result, {});
  });

  it('agrees on the revision that the caller asks for, and on ours where it is unknown', async (t) => {
    const { app } = await startChatStory(t);
    const gates = new Gates(app);
    const versionFor = async (asked: string): Promise<unknown> =>
      (await gates.open(t).initialize({}, asked)).protocolVersion;
    assert.equal(await versionFor('2025-03-26'), '2025-03-26');
    assert.equal(await versionFor('2031-01-01'), '2025-11-25');
    gates.known.learn({ capabilities: {}, protocolVersion: '2025-06-18' });
    assert.equal(await versionFor('2025-11-25'), '2025-06-18');
    assert.equal(await versionFor('2024-11-05'), '2024-11-05');
  });

  it('connects by the link and the code, and then has the tools of the person besides', async (t) => {
    const { app } = await startChatStory(t);
    const gates = new Gates(app);
    const ann = gates.open(t);
    await ann.initialize();
    const [asked, isError] = told(await ann.call('connect_notes'));
    assert.equal(isError, false);
    assert.match(
      asked,
      /^No account is connected at "notes"\. .+If the page shows a code, call connect_notes with it\.$/,
    );
    const [done] = told(await ann.connect(asked, { user: 'alice' }));
    assert.match(done, /^Connected at "notes" for Ann\. Go on\.$/);
    const names = await ann.tools();
    assert.equal(names.filter((name) => name === 'connect_notes').length, 1);
    assert.ok(names.includes('whoami'), String(names));
    assert.equal((await ann.tools({ cursor: 'two' })).includes('connect_notes'), false);
    assert.match(told(await ann.call('whoami'))[0], /alice/);
    assert.match(
      told(await ann.call('connect_notes'))[0],
      /^Connected at "notes" for Ann\. To use another account, open /,
    );
    const later = await gates.open(t).initialize();
    assert.deepEqual(later.capabilities, { tools: { listChanged: true } }, 'the server itself does not say so');
    const ben = await gates.open(t, { principal: openWebuiPrincipal('ben-0002') }).initialize();
    assert.deepEqual(ben.capabilities, { tools: { listChanged: true } }, 'what the server can do is known now');
  });

  it('tells of a missing login in the result of a tool, and beside other errors', async (t) => {
    const { app } = await startChatStory(t);
    const ann = new Gates(app).open(t);
    await ann.initialize({ elicitation: {} });
    const [text, isError] = told(await ann.call('whoami'));
    assert.equal(isError, true);
    assert.match(text, /call connect_notes with it\.$/);
    const { error } = await ann.ask('prompts/get', { name: 'p' });
    assert.equal(error?.code, -32603);
    assert.equal(error?.message, text);
    assert.deepEqual(error?.data, { error: 'authorization_required', authorize_url: linkOf(text) });
  });

  it('asks clients of 2025-11-25 that open addresses by -32042, and tells them when it is done', async (t) => {
    const { app } = await startChatStory(t);
    const ann = new Gates(app).open(t);
    await ann.initialize(URLS);
    const one = elicitationOf(await ann.call('whoami'));
    assert.deepEqual(Object.keys(one).sort(), ['elicitationId', 'message', 'mode', 'url']);
    assert.equal(one.mode, 'url');
    assert.match(String(one.url), /\/oauth\/notes\/authorize\?ticket=/);
    assert.match(String(one.message), /call connect_notes with it\.$/);
    const again = elicitationOf(await ann.ask('resources/read', { uri: 'a:b' }));
    assert.deepEqual(again, one, 'the same link is the same question');
    await ann.connect(String(one.url));
    ann.gate.connected();
    const completed = ann.heard.filter(({ method }) => method === 'notifications/elicitation/complete');
    assert.deepEqual(
      completed.map(({ params }) => params),
      [{ elicitationId: one.elicitationId }],
    );
  });

  it('asks nobody of an older revision by -32042', async (t) => {
    const { app } = await startChatStory(t);
    const ann = new Gates(app).open(t);
    await ann.initialize(URLS, '2025-06-18');
    assert.equal(told(await ann.call('whoami'))[1], true);
  });

  it('gives each person a link of their own, and shows nobody the account of another', async (t) => {
    const { app } = await startChatStory(t);
    const gates = new Gates(app);
    const [ann, ben] = [gates.open(t), gates.open(t, { principal: openWebuiPrincipal('ben-0002', 'Ben') })];
    await ann.initialize();
    await ben.initialize();
    const [text] = told(await ann.call('whoami'));
    const [other] = told(await ben.call('whoami'));
    assert.notEqual(linkOf(text), linkOf(other));
    await ann.connect(text);
    assert.deepEqual(await ben.tools(), ['connect_notes']);
    assert.equal(told(await ben.call('connect_notes', { code: 'ABCDE-FGHJK' }))[1], true);
    assert.equal(told(await ben.call('whoami'))[1], true);
  });

  it('tells callers who may be many people how to say who they are, and asks them to open nothing', async (t) => {
    const { app, notes } = await startChatStory(t);
    const nobody = new Gates(app).open(t, { principal: API_KEY_HOLDER });
    await nobody.initialize(URLS);
    assert.deepEqual(await nobody.tools(), ['connect_notes']);
    const [text, isError] = told(await nobody.call('whoami'));
    assert.equal(isError, true);
    assert.match(text, /this call does not say whose\. Say who\. To use the tools in a browser, open \S+authorize\.$/);
    assert.deepEqual(told(await nobody.call('connect_notes', { code: 'ABCDE-FGHJK' })), [text, false]);
    assert.ok(!text.includes('ticket'));
    assert.deepEqual(notes.seen, []);
  });

  it('gives the browser of a session the plain address', async (t) => {
    const { app } = await startStory(t);
    const ann = new Gates(app).open(t, { principal: visitorPrincipal('0000'), hasBrowser: true });
    await ann.initialize();
    const plain = `http://localhost:${app.settings.port}/oauth/notes/authorize`;
    const expected = `No account is connected at "notes". Ask the user to open ${plain} to connect it.`;
    assert.deepEqual(told(await ann.call('connect_notes')), [expected, false]);
  });

  it('says what is wrong with a code, and takes no more than thirty a minute, over REST and MCP together', async (t) => {
    const { app } = await startChatStory(t);
    const ann = new Gates(app).open(t);
    await ann.initialize();
    assert.match(told(await ann.call('connect_notes', { code: 'done' }))[0], /^This is no code\. /);
    assert.match(told(await ann.call('connect_notes', { code: ['A'] }))[0], /^This is no code\. /);
    const [nothing, isError] = told(await ann.call('connect_notes', { code: 'ABCDE-FGHJK' }));
    assert.equal(isError, true);
    assert.match(nothing, /^No login at "notes" waits for a code.+then call connect_notes with the code/);
    linkOf(nothing);
    const bring = async (code: string): Promise<string | null> =>
      (await app.post('/notes/connect_notes', { code }, await bearer('ann-0001'))).headers.get('x-latchkey-error');
    for (let count = 0; count < 29; count += 1) assert.equal(await bring('ABCDE-FGHJK'), 'nothing_to_confirm');
    assert.equal(await bring('ABCDE-FGHJK'), 'too_many_attempts');
    assert.match(told(await ann.call('connect_notes', { code: 'ABCDE-FGHJK' }))[0], /^Too many attempts\./);
  });

  it('words a right that is missing as a login, and lets other failures pass', async (t) => {
    const { app, notes } = await startChatStory(t, { oauth: { scope: 'notes:read' } });
    const ann = new Gates(app).open(t);
    await ann.initialize(URLS);
    await ann.connect(String(elicitationOf(await ann.call('whoami')).url));
    const refused = await ann.call('delete_all');
    assert.equal(refused.error?.code, -32042, refused.text);
    assert.match(String(refused.error?.message), /^This call needs the rights "notes:write" at "notes"\./);
    assert.equal((await ann.call('no_such_tool')).error?.code, -32602);
    await notes.stop();
    await assert.rejects(ann.call('whoami'));
  });

  it('offers what the entry offers, and the tool that connects all the same', async (t) => {
    const { app } = await startChatStory(t);
    const ann = new Gates(app).open(t, { filter: { enabledTools: ['whoami'], disabledTools: [] } });
    await ann.initialize();
    await ann.connect(told(await ann.call('whoami'))[0]);
    assert.deepEqual(await ann.tools(), ['whoami', 'connect_notes']);
    assert.equal((await ann.call('add_note', { text: 'x' })).error?.message, 'Unknown tool: add_note');
  });

  it('answers nothing after a request was cancelled', async (t) => {
    const { app } = await startChatStory(t);
    const ann = new Gates(app).open(t);
    await ann.initialize();
    const answers: unknown[] = [];
    for (const name of ['whoami', 'connect_notes']) {
      ann.send('tools/call', { name, arguments: {} }, (answer) => answers.push(answer)).cancel();
    }
    await ann.call('whoami');
    await ann.call('connect_notes');
    assert.deepEqual(answers, []);
  });
});
