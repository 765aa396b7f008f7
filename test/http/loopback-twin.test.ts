/** One name for one machine: which browsers are sent from one loopback name to the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { twinOf } from '../../src/http/loopback-twin.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { Person, startStory } from './login-story.ts';
import { raw } from './raw.ts';
import { startFor } from './start-for.ts';

const GOING = ['accept', 'text/html', 'sec-fetch-mode', 'navigate', 'sec-fetch-site', 'none'];

describe('twinOf', () => {
  const twin = (host: string | undefined, publicUrl = 'http://localhost:8000') => twinOf(host, new URL(publicUrl));

  it('is the public origin for another loopback name at the same port', () => {
    for (const host of ['127.0.0.1:8000', '127.1.2.3:8000', '[::1]:8000'])
      assert.equal(twin(host), 'http://localhost:8000');
    assert.equal(twin('localhost:8000', 'http://127.0.0.1:8000'), 'http://127.0.0.1:8000');
    assert.equal(twin('localhost', 'http://127.0.0.1'), 'http://127.0.0.1');
  });

  it('is none for the public name itself, another port, other names, and a public URL elsewhere', () => {
    for (const host of [
      undefined,
      '',
      'localhost:8000',
      'LOCALHOST:8000',
      '127.0.0.1:8001',
      '127.0.0.1',
      '192.168.1.5:8000',
    ]) {
      assert.equal(twin(host), undefined, host);
    }
    for (const host of [
      'tools.example.org',
      'localhost.evil.example:8000',
      '127.0.0.1.evil.example:8000',
      'a b',
      '@127.0.0.1:8000',
    ]) {
      assert.equal(twin(host), undefined, host);
    }
    assert.equal(twin('127.0.0.1:8000', 'https://tools.example.org'), undefined);
    assert.equal(twin('127.0.0.1', 'https://tools.example.org'), undefined);
  });
});

describe('a browser at another loopback name', () => {
  it('is sent to the public one, query and all, and keeps its session there', async (t) => {
    const { app } = await startStory(t);
    const answer = await raw(app.url, { path: '/notes?x=1', headers: GOING });
    const target = `http://localhost:${app.settings.port}/notes?x=1`;
    assert.deepEqual([answer.status, answer.headers.location], [307, target]);
    assert.equal(answer.headers['set-cookie'], undefined);
    const ann = new Person(app);
    await ann.go(answer.headers.location ?? '');
    assert.ok(ann.session);
  });

  it('is sent there with the root path, which the router has taken off', async (t) => {
    const { app } = await startStory(t, { argv: ['--root-path', '/gate'] });
    const answer = await raw(app.url, { path: '/gate/notes', headers: GOING });
    assert.equal(answer.headers.location, `http://localhost:${app.settings.port}/gate/notes`);
  });

  it('stays where nobody has a session, and so do programs and scripts', async (t) => {
    const { app } = await startStory(t);
    for (const headers of [[], ['accept', 'text/html'], ['sec-fetch-mode', 'cors', 'sec-fetch-site', 'same-origin']]) {
      assert.equal((await raw(app.url, { path: '/', headers })).status, 200);
    }
    const server = await HttpServer.start();
    t.after(() => server.stop());
    const plain = await startFor(t, { mcpServers: { time: { type: 'streamable-http', url: server.url.href } } });
    assert.equal((await raw(plain.url, { path: '/', headers: GOING })).status, 200);
  });

  it('is never sent to a place that the request names', async (t) => {
    const { app } = await startStory(t);
    const { port } = app.settings;
    const hosts = [
      'evil.example',
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      '192.168.7.7',
      `127.0.0.1:${port}@evil`,
    ];
    for (const host of hosts) {
      const answer = await raw(app.url, { path: '/', headers: [...GOING, 'host', host] });
      assert.equal(answer.headers.location, undefined, host);
    }
    for (const path of ['//evil.example/x', '/\\evil.example', '/%2f%2fevil.example']) {
      const { headers } = await raw(app.url, { path, headers: GOING });
      const to = new URL(headers.location ?? '/', `http://localhost:${port}`);
      assert.equal(to.origin, `http://localhost:${port}`, path);
    }
  });
});
