/** Paths and messages that are meant to break something: clean refusals, no 500, no stack trace, no tool run. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { type RunningApp, startApp } from '../helpers/app.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { bytes, raw } from './raw.ts';

const ODD_PATHS = [
  ...['/..', '/../', '/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/time/../../package.json', '/time/%2e%2e/echo'],
  ...['//time/echo', '/time//echo', '/time/echo//', '//evil.example/x', '/\\evil.example', '/.', '/./time/none'],
  ...[
    '/__proto__',
    '/__proto__/echo',
    '/time/__proto__',
    '/constructor',
    '/time/constructor',
    '/time/toString',
    '/hasOwnProperty',
  ],
  ...[
    '/%zz',
    '/%',
    '/time/%e0%a4%a',
    '/time/%c0%ae',
    '/time/%ff',
    '/%00',
    '/time/%00echo',
    '/time/echo%00',
    '/time/echo%0d%0aX:1',
  ],
  ...[
    '/assets/../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/home.eta',
    '/assets/..%5chome.eta',
    '/assets//etc/passwd',
  ],
  ...[
    '/assets/swagger-ui/../../package.json',
    '/assets/.git/config',
    '/assets/%00',
    '/assets/',
    '/assets/swagger-ui/',
    '/assets/index.html',
  ],
  ...[
    '/;x=1',
    '/time;x=1/echo',
    '/time/echo;x',
    '/*',
    '/:server/:tool',
    '/time/*',
    '/TIME/echo',
    '/time/ECHO',
    '/%74ime%00/echo',
  ],
  `/time/${'x'.repeat(9_000)}`,
  `/${'a/'.repeat(4_000)}`,
  `/time/${'%2f'.repeat(3_000)}`,
  `/${'x'.repeat(12_000)}/echo`,
];

let server: HttpServer;
let app: RunningApp;
before(async () => {
  server = await HttpServer.start();
  app = await startApp({ mcpServers: { time: { type: 'streamable-http', url: server.url.href } } });
});
after(async () => {
  await app.close();
  await server.stop();
});

describe('odd paths', () => {
  for (const method of ['GET', 'POST', 'DELETE']) {
    it(`are refused cleanly (${method})`, async () => {
      for (const path of ODD_PATHS) {
        const answer = await raw(app.url, { method, path });
        const shown = path.slice(0, 60);
        assert.ok(
          [400, 403, 404, 414].includes(answer.status),
          `${shown}: ${answer.status} ${answer.body.slice(0, 200)}`,
        );
        assert.doesNotMatch(answer.body, /\bat .*\.[jt]s|node_modules|root:|"dependencies"/, shown);
        assert.match(String(answer.headers['content-type']), /^application\/json/, shown);
      }
      assert.deepEqual(server.record.calls, []);
    });
  }

  it('find a tool through encoded letters and slashes, and past a trailing slash', async () => {
    const fine = [
      '/time/echo',
      '/time/echo/',
      '/%74ime/echo',
      '/time/%65cho',
      '/time%2Fecho',
      '/time/echo?',
      '/time/echo?x=%zz',
    ];
    for (const path of fine) {
      const answer = await raw(app.url, {
        method: 'POST',
        path,
        headers: ['content-type', 'application/json'],
        body: '{"text":"x"}',
      });
      assert.equal(answer.status, 200, path);
    }
    assert.equal(server.record.count('echo'), fine.length);
    server.record.calls.length = 0;
  });

  it('cannot smuggle a line into a header of a redirect', async () => {
    const answer = await raw(app.url, { path: '/time%0d%0aset-cookie:%20a=b', headers: ['accept', 'text/html'] });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers['set-cookie'], undefined);
  });

  it('were not logged as unexpected', () => {
    assert.deepEqual(
      app.records.filter(({ level }) => Number(level) >= 50),
      [],
    );
  });
});

describe('odd messages', () => {
  it('that are no HTTP end with 400', async () => {
    const messages = [
      'nonsense\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'POST /time/structured HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
    ];
    const both =
      'POST /time/structured HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    for (const message of [
      ...messages,
      both,
      'GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
    ]) {
      const answer = await bytes(app.url, message);
      assert.match(answer, /^HTTP\/1\.1 400 /, JSON.stringify(message));
      assert.doesNotMatch(answer, /\bat .*\.[jt]s/);
    }
    assert.deepEqual(server.record.calls, []);
  });

  it('with too large a head end with 431', async () => {
    assert.match(await bytes(app.url, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`), /^HTTP\/1\.1 431 /);
  });

  it('of unknown methods are refused', async () => {
    for (const method of ['TRACE', 'PROPFIND', 'SEARCH']) {
      const answer = await raw(app.url, { method, path: '/time/structured' });
      assert.ok([404, 405, 501].includes(answer.status), `${method}: ${answer.status}`);
    }
    assert.deepEqual(server.record.calls, []);
  });

  it('that name no tool are refused before their body has come', async () => {
    const { hostname, port } = new URL(app.url);
    for (const method of ['POST', 'PUT']) {
      const socket = connect(Number(port), hostname);
      socket.write(`${method} /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\nx`);
      assert.match(await text(socket), /^HTTP\/1\.1 404 /);
    }
  });

  it('that announce too large a body are refused before it is sent', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    const size = 32 * 1024 * 1024 + 1;
    socket.write(
      `POST /time/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
    );
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.match(answer, /body_too_large[\s\S]*limit is 32 MiB/);
    assert.deepEqual(server.record.calls, []);
  });

  it('that stream too large a body are cut off, and the tool does not run', async () => {
    const { hostname, port } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined); // Cut while it writes: EPIPE or ECONNRESET.
    socket.write(
      'POST /time/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const size = 1024 * 1024;
    const chunk = Buffer.concat([
      Buffer.from(`${size.toString(16)}\r\n`),
      Buffer.alloc(size, 0x20),
      Buffer.from('\r\n'),
    ]);
    let sent = 0;
    const more = (): void => {
      sent += size;
      if (sent < 1024 * size) socket.write(chunk, () => setImmediate(more));
    };
    more();
    await new Promise((closed) => socket.resume().once('close', closed));
    assert.ok(sent < 1024 * size, 'cut off before a gigabyte');
    assert.deepEqual(server.record.calls, []);
  });
});
