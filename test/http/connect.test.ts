/** `connect_<server>` with and without a code: what it takes, and what callers of each kind are told. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bearer } from '../helpers/open-webui-users.ts';
import { Chat, codePageAfter, linkIn, startChatStory } from './hand-off-story.ts';
import { coded, Person, startStory } from './login-story.ts';
import { continueAs } from './open-webui-sign-in.ts';

const ANN = 'ann-0001';

describe('connect_<server>', () => {
  it('takes an absent, empty or odd body for no code', async (t) => {
    const { app } = await startChatStory(t);
    const headers = await bearer(ANN);
    const bodies = [undefined, '', ' ', '{}', '{"code":null}', '{"code":""}', '{"other":[1]}', '{"code":null,"x":1}'];
    for (const body of bodies) {
      const answer = await app.post('/notes/connect_notes', body, headers);
      assert.equal(answer.status, 200, body);
      linkIn((await answer.json()) as string);
    }
  });

  it('takes a number for a code of digits, and anything long for a wrong one', async (t) => {
    const { app } = await startChatStory(t);
    const chat = new Chat(app, ANN);
    await codePageAfter(new Person(app), await chat.link());
    for (const code of [1234567890, 'x'.repeat(100_000), '\u0000', 'ünïcödé']) {
      assert.equal((await chat.connect(code)).code, 'code_rejected', String(code).slice(0, 20));
    }
  });

  it('refuses what is no code, and no JSON, as tools do, without spending an attempt', async (t) => {
    const { app } = await startChatStory(t);
    const [chat, headers] = [new Chat(app, ANN), await bearer(ANN)];
    const { code } = await codePageAfter(new Person(app), await chat.link());
    for (const body of ['{"code":["A"]}', '{"code":{"a":1}}', '[]', '"code"', '{"code":']) {
      const answer = await app.post('/notes/connect_notes', body, headers);
      assert.equal(answer.status, 422, body);
    }
    for (let count = 0; count < 4; count += 1) await chat.connect('00000-00000');
    assert.equal((await chat.connect(code)).status, 200);
  });

  it('spends no try on what is no code at all, and says what one looks like', async (t) => {
    const { app } = await startChatStory(t);
    const chat = new Chat(app, ANN);
    const { code } = await codePageAfter(new Person(app), await chat.link());
    for (const odd of ['AAAA', 'done', '000000000000', '00000-0000U', `${code}0`, '?', 'x'.repeat(65)]) {
      const answer = await chat.connect(odd);
      assert.deepEqual([answer.status, answer.code], [400, 'code_rejected'], odd);
      assert.match(answer.text, /ten letters and digits/);
    }
    assert.match((await chat.connect('00000-00000')).text, /4 tries are left/);
    assert.equal((await chat.connect(code)).status, 200);
  });

  it('asks for the code where the user has signed in and only says so', async (t) => {
    const { app } = await startChatStory(t);
    const chat = new Chat(app, ANN);
    const { code } = await codePageAfter(new Person(app), await chat.link());
    const done = await chat.connect();
    assert.match(done.text, /^A sign-in at "notes" waits for its code: ask the user for the code on the page/);
    linkIn(done.text);
    assert.equal((await chat.connect(code)).status, 200);
    assert.match((await chat.connect()).text, /^Connected/);
  });

  it('gives each caller one link for a while, and a new one once it was used', async (t) => {
    const { app } = await startChatStory(t);
    const [ann, ben] = [new Chat(app, ANN), new Chat(app, 'ben-0002')];
    const link = await ann.link();
    assert.equal(await ann.link(), link);
    assert.notEqual(await ben.link(), link);
    await codePageAfter(new Person(app), link);
    assert.notEqual(await ann.link(), link);
  });

  it('says with a code for which nothing waits how to get one', async (t) => {
    const { app } = await startChatStory(t);
    const { status, code, body, text } = await new Chat(app, ANN).connect('ABCDE-FGHJK');
    assert.deepEqual([status, code], [409, 'nothing_to_confirm']);
    const { error, authorize_url: url } = body as Record<string, unknown>;
    assert.deepEqual([error, url], ['nothing_to_confirm', linkIn(text)]);
    assert.match(text, /then call connect_notes with the code that the page shows\.$/);
  });

  it('takes thirty codes a minute from one caller, and others are not kept waiting', async (t) => {
    const { app } = await startChatStory(t);
    const [ann, ben] = [new Chat(app, ANN), new Chat(app, 'ben-0002')];
    const codes = new Set<string | null>();
    for (let count = 0; count < 32; count += 1) codes.add((await ann.connect('ABCDE-FGHJK')).code);
    assert.deepEqual([...codes], ['nothing_to_confirm', 'too_many_attempts']);
    assert.equal((await ben.connect('ABCDE-FGHJK')).code, 'nothing_to_confirm');
    linkIn((await ann.connect()).text);
  });

  it('tells the browser of a session, which needs no code, the plain address', async (t) => {
    const { app } = await startStory(t);
    const ann = new Person(app);
    await ann.go('/');
    const plain = `http://localhost:${app.settings.port}/oauth/notes/authorize`;
    const asked = JSON.parse((await ann.call('/notes/connect_notes')).body);
    assert.equal(asked, `No account is connected at "notes". Ask the user to open ${plain} to connect it.`);
    const late = await ann.call('/notes/connect_notes', { code: 'ABCDE-FGHJK' });
    assert.deepEqual(coded(late), [409, 'nothing_to_confirm']);
    await ann.connect();
    assert.match((await ann.call('/notes/connect_notes')).body, /^"Connected at \\"notes\\"\. To use another account/);
  });

  it('takes the code of a caller from the browser where the same person is signed in', async (t) => {
    const { app } = await startChatStory(t, { keys: { open_webui: { url: 'http://localhost:8080' } } });
    const [chat, browser] = [new Chat(app, ANN), new Person(app)];
    const { code } = await codePageAfter(new Person(app), await chat.link(), { user: 'alice' });
    await continueAs(browser, ANN);
    assert.equal((await browser.call('/notes/connect_notes', { code })).status, 200);
    assert.equal(await chat.whoami(), 'alice');
  });
});
