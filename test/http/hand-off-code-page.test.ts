/** The page with the code of a login that was begun in a chat, and the log: only who signed in sees the code. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signIn } from '../helpers/authorization-server.ts';
import { sessionToken } from '../helpers/open-webui-users.ts';
import { Chat, consent, dropFields, goOn, lured, open, startChatStory } from './hand-off-story.ts';
import { accounts, coded, Person } from './login-story.ts';

const EVE = 'eve-0001';
const WRONG = '00000-00000';

describe('the page with the code', () => {
  it('is shown, and its login dropped, only by the browser that signed in', async (t) => {
    const { app, ben, eve, path, code, as } = await lured(t);
    const other = new Person(app);
    assert.deepEqual(coded(await other.go(path)), [400, 'ticket_unknown']);
    const fields = dropFields(await ben.go(path));
    assert.deepEqual(coded(await other.submit('/oauth/notes/drop', fields)), [400, 'ticket_unknown']);
    assert.deepEqual(coded(await ben.submit('/oauth/notes/drop', { ...fields, _csrf: 'x' })), [400, 'ticket_unknown']);
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' };
    const status = (await ben.submit('/oauth/notes/drop', fields, foreign)).status;
    assert.equal(status, 403);
    const { login = '' } = fields;
    for (const odd of [{}, { login: '../x' }, { login: 'A'.repeat(200) }, { login, _csrf: '' }]) {
      assert.deepEqual(coded(await ben.submit('/oauth/notes/drop', odd)), [400, 'ticket_unknown']);
    }
    assert.equal(as.happened('grant-revoked'), 0);
    assert.equal((await eve.connect(code)).status, 200);
  });

  it('ends for whoever signs in at the gateway while the login is under way', async (t) => {
    const { app } = await startChatStory(t, { keys: accounts('ben') });
    const [chat, browser] = [new Chat(app, EVE), new Person(app)];
    const begun = await goOn(browser, await open(browser, await chat.link()));
    const callback = await signIn(begun.headers.location ?? '');
    await browser.signIn('ben');
    const refused = await browser.comeBack(callback);
    assert.deepEqual(coded(refused), [403, 'flow_wrong_person']);
    assert.match(refused.body, /Ask for a new link in your chat/);
  });
});

describe('the log of a login that was begun in a chat', () => {
  it('holds no ticket, code, token or cookie', async (t) => {
    const story = await lured(t);
    const { app, eve, ben, code, secrets } = story;
    await eve.connect(WRONG);
    await eve.connect(code);
    await eve.call('whoami');
    const link = await eve.link();
    await open(new Person(app), link);
    await consent(new Person(app), link);
    const log = JSON.stringify(app.records);
    const hidden = [
      code,
      code.replace('-', ''),
      new URL(link).searchParams.get('ticket') ?? '',
      await sessionToken(EVE),
    ];
    for (const { value } of ben.cookies.values()) hidden.push(value);
    for (const secret of [...hidden, ...secrets]) assert.ok(!log.includes(secret), 'a secret in the log');
    assert.doesNotMatch(log, /ticket=|go=|login=/);
    assert.ok(log.includes('/oauth/*'), 'the route is there');
  });
});
