/** Tokens, codes and secrets of a whole story stand in no log line and in no answer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Person, startStory } from './login-story.ts';
import { raw } from './raw.ts';

describe('secrets', () => {
  it('are in no log record, document, error, page or status of a story with every turn', async (t) => {
    const { app, as, notes, secrets } = await startStory(t, { provider: { accessTokenTtl: 600 } });
    const [ann, eve] = [new Person(app), new Person(app)];
    const addresses: URL[] = [];
    const sent = new Set<string>();
    notes.behave = ({ headers }) => {
      if (headers.authorization !== undefined) sent.add(headers.authorization.replace('Bearer ', ''));
      return false;
    };
    const look = async (person: Person): Promise<void> => {
      for (const path of ['/', '/notes/docs', '/docs', '/notes']) await person.go(path);
      const paths = [
        '/',
        '/notes',
        '/openapi.json',
        '/notes/openapi.json',
        '/oauth/notes/status',
        '/readyz',
        '/metrics',
      ];
      for (const path of paths) await person.fetch(path);
      for (const tool of ['whoami', 'delete_all', 'no-such-tool', 'connect_notes', 'add_note'])
        await person.call(`/notes/${tool}`);
    };
    const begin = async (person: Person, decision: 'allow' | 'deny', user: 'alice' | 'bob' = 'alice'): Promise<URL> => {
      const callback = await person.allow({ user, decision });
      addresses.push(callback);
      return callback;
    };
    await look(ann);
    await ann.comeBack(await begin(ann, 'deny'));
    await ann.comeBack(await begin(ann, 'allow'));
    await look(ann);
    const callback = await begin(ann, 'allow');
    await eve.comeBack(callback);
    await ann.comeBack(callback);
    const broken = await begin(ann, 'allow');
    as.fail('token', 'error');
    await ann.comeBack(broken);
    const garbage = await begin(ann, 'allow');
    as.fail('token', 'garbage');
    await ann.comeBack(garbage);
    await ann.comeBack(await begin(ann, 'allow', 'bob'));
    notes.refuse('bob');
    await look(ann);
    notes.refuseAll = true;
    await look(ann);
    notes.refuseAll = false;
    await ann.connect();
    await look(ann);
    as.fail('revoke', 'error');
    await ann.disconnect();
    const cookies = [...ann.cookies.values()].map(({ value }) => value);
    const all = new Set([...secrets, ...sent, ...cookies]);
    for (const { searchParams } of addresses)
      for (const name of ['code', 'state']) all.add(searchParams.get(name) ?? '');
    all.delete('');
    assert.ok(
      secrets.size >= 6 && sent.size >= 3 && cookies.length >= 1,
      `${secrets.size} ${sent.size} ${cookies.length}`,
    );
    const log = JSON.stringify(app.records);
    const answers = [...ann.read, ...eve.read].join('\n');
    for (const secret of all) {
      assert.ok(!log.includes(secret), `in the log: ${secret.slice(0, 6)}...`);
      assert.ok(!answers.includes(secret), `in an answer: ${secret.slice(0, 6)}...`);
    }
    assert.doesNotMatch(log, /\?(?:code|state|next|iss)=|[?&]state=/, 'no query at all');
  });

  it('of a query that nobody reads are not logged either', async (t) => {
    const { app } = await startStory(t);
    const marks = [
      '/oauth/notes/callback',
      '/oauth/notes/authorize',
      '/oauth/nowhere/authorize',
      '/notes/openapi.json',
      '/',
      '/login',
    ];
    for (const path of marks) {
      for (const accept of ['text/html', 'application/json']) {
        const answer = await raw(app.url, {
          path: `${path}?code=marked-code&state=marked-state&key=marked-key`,
          headers: ['accept', accept],
        });
        assert.doesNotMatch(answer.body, /marked-/, path);
      }
    }
    await app.post(
      '/notes/whoami?key=marked-key',
      { text: 'marked-argument' },
      { cookie: 'marked-cookie=1', 'x-marked': 'marked-header' },
    );
    assert.doesNotMatch(JSON.stringify(app.records), /marked-/);
  });
});
