/** Forged forms, guessed passwords and return paths to elsewhere. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accounts, coded, onward, Person, startStory } from './login-story.ts';
import { basic, raw } from './raw.ts';

const HOSTILE = [
  '//evil.example',
  '/\\evil.example',
  'https://evil.example/',
  'javascript:alert(1)',
  '/\t/evil.example',
  '/..//evil.example',
  '\\/evil.example',
];

describe('a form', () => {
  it('is taken only with the token that was made for this session', async (t) => {
    const { app, as } = await startStory(t, { keys: accounts('ann', 'eve') });
    const [ann, eve] = [new Person(app), new Person(app)];
    const early = await ann.formToken('/login');
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    await eve.signIn('eve');
    const hers = await eve.formToken();
    const forms: Record<string, string>[] = [{}, { _csrf: '' }, { _csrf: 'x' }, { _csrf: hers }, { _csrf: early }];
    for (const path of ['/logout', '/oauth/notes/disconnect', '/login']) {
      for (const form of forms) {
        const answer = await ann.submit(path, { ...form, username: 'eve', password: 'eve-pw', next: '/' });
        assert.deepEqual(coded(answer), [403, 'form_expired'], `${path} ${JSON.stringify(form)}`);
        assert.match(answer.body, /form_expired/);
      }
    }
    assert.equal((await ann.status()).user_id, 'ann...', 'neither signed out nor in as Eve');
    assert.equal(as.refreshTokensOf('alice'), 1);
    assert.equal((await ann.disconnect()).headers.location, '/?disconnected=notes', 'with the true token it works');
    assert.equal(as.refreshTokensOf('alice'), 0);
  });

  it('is not taken from the page of another site, though it knows the token', async (t) => {
    const { app, as } = await startStory(t, { keys: accounts('ann') });
    const ann = new Person(app);
    await ann.signIn('ann');
    await ann.connect({ user: 'alice' });
    const _csrf = await ann.formToken();
    const elsewhere: Record<string, string>[] = [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      { origin: `http://localhost:${app.settings.port + 1}`, 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of elsewhere) {
      for (const path of ['/oauth/notes/disconnect', '/logout', '/login']) {
        const answer = await ann.submit(path, { _csrf, username: 'ann', password: 'ann-pw' }, headers);
        assert.ok([401, 403].includes(answer.status), `${path} ${answer.status}`);
      }
    }
    assert.equal((await ann.status()).state, 'connected');
    assert.equal(as.refreshTokensOf('alice'), 1);
  });

  it('is not taken with Basic credentials that a browser sends unasked from another site', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann') });
    const ann = new Person(app);
    await ann.signIn('ann');
    await ann.connect();
    const authorization = basic('ann', 'ann-pw');
    const form = ['authorization', authorization, 'content-type', 'application/x-www-form-urlencoded'];
    const path = '/oauth/notes/disconnect';
    for (const headers of [
      ['origin', 'https://evil.example'],
      ['sec-fetch-site', 'same-site'],
      ['origin', 'null'],
    ]) {
      const answer = await raw(app.url, { method: 'POST', path, headers: [...form, ...headers], body: 'x=1' });
      assert.ok([401, 403].includes(answer.status), String(answer.status));
    }
    assert.equal((await ann.status()).state, 'connected');
    const program = await app.post(path, undefined, { authorization });
    assert.deepEqual(await program.json(), { server: 'notes', disconnected: true, revoked: true });
  });
});

describe('a return path', () => {
  it('leads nowhere but to us, after signing in', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann') });
    for (const next of HOSTILE) {
      const ann = new Person(app);
      const page = await ann.go(`/login?next=${encodeURIComponent(next)}`);
      assert.match(page.body, /name="next" value="\/"/, next);
      const answer = await ann.signIn('ann', 'ann-pw', next);
      assert.deepEqual([answer.status, onward(answer)], [303, '/'], next);
      const again = await ann.go(`/login?next=${encodeURIComponent(next)}`);
      assert.equal(onward(again), undefined, 'nor where the person is signed in already');
    }
    const twice = await new Person(app).go('/login?next=/a&next=//evil.example');
    assert.match(twice.body, /name="next" value="\/"/);
  });

  it('leads nowhere but to us, after a login', async (t) => {
    const { app } = await startStory(t, { provider: { autoLogin: 'alice' } });
    const ann = new Person(app);
    for (const next of HOSTILE) {
      const answer = await ann.comeBack(await ann.allow({}, 'notes', next));
      assert.deepEqual([answer.status, answer.headers.location], [303, '/?connected=notes'], next);
    }
  });

  it('cannot bring markup into the page', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann') });
    const { body } = await new Person(app).go(`/login?next=${encodeURIComponent('/"><b>x</b>')}`);
    assert.doesNotMatch(body, /<b>/);
  });
});

describe('guessing', () => {
  const SECONDS = /^(?:[1-9]|[1-5]\d|60)$/;

  it('is stopped after twenty tries, by form and by header together, and the right password waits too', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann', 'ben') });
    const eve = new Person(app);
    let _csrf = await eve.formToken('/login');
    const guess = async (username: string, password: string) => eve.submit('/login', { _csrf, username, password });
    for (let count = 0; count < 10; count += 1) {
      assert.equal((await guess('ann', `guess ${count}`)).status, 403);
      assert.equal((await app.get('/', { authorization: basic('ann', `guess ${count}`) })).status, 403);
    }
    assert.equal((await guess('ann', 'one more')).status, 429);
    const right = await guess('ann', 'ann-pw');
    assert.deepEqual(coded(right), [429, 'too_many_attempts']);
    assert.match(right.headers['retry-after'] ?? '', SECONDS);
    assert.match(right.body, /<h1>That did not work<\/h1>/);
    assert.equal((await app.get('/', { authorization: basic('ann', 'ann-pw') })).status, 429);
    _csrf = await eve.formToken('/login');
    assert.equal((await guess('ben', 'ben-pw')).status, 303, 'another account of the same address is not besieged');
  });

  it('with ever new names counts as one', async (t) => {
    const { app } = await startStory(t, { argv: ['--api-key', 'the-key'] });
    const eve = new Person(app);
    const _csrf = await eve.formToken('/login');
    const guess = (count: number) => eve.submit('/login', { _csrf, username: `name ${count}`, password: `${count}` });
    for (let count = 0; count < 20; count += 1) assert.equal((await guess(count)).status, 403);
    assert.equal((await guess(20)).status, 429);
    const right = await eve.submit('/login', { _csrf, username: 'fresh', password: 'the-key' });
    assert.equal(right.status, 429);
  });

  it('from one address is counted as one, whatever X-Forwarded-For says, unless a proxy is trusted', async (t) => {
    const guess = async (argv: readonly string[]): Promise<number> => {
      const { app } = await startStory(t, { argv: ['--api-key', 'the-key', ...argv] });
      const eve = new Person(app);
      const _csrf = await eve.formToken('/login');
      let last = 0;
      for (let count = 0; count < 21; count += 1) {
        const from = { 'x-forwarded-for': `192.0.2.${count}`, forwarded: `for=192.0.2.${count}` };
        last = (await eve.submit('/login', { _csrf, key: `guess ${count}` }, from)).status;
      }
      return last;
    };
    assert.equal(await guess([]), 429);
    assert.equal(await guess(['--trust-proxy', '127.0.0.1']), 403);
  });

  it('shows what was wrong, but never what was typed', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann') });
    const eve = new Person(app);
    const answer = await eve.signIn('ann', 'typed-by-mistake');
    assert.match(answer.body, /role="alert">That did not match/);
    assert.doesNotMatch(answer.body + JSON.stringify(app.records), /typed-by-mistake/);
  });

  it('has no use for a huge form', async (t) => {
    const { app } = await startStory(t, { keys: accounts('ann') });
    const eve = new Person(app);
    const _csrf = await eve.formToken('/login');
    const answer = await eve.submit('/login', { _csrf, username: 'ann', password: 'x'.repeat(20_000) });
    assert.equal(answer.status, 413);
  });
});
