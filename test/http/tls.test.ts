/** `--ssl-certfile` and `--ssl-keyfile`: HTTPS only, with a certificate made for this test. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { HttpServer } from '../helpers/http-server.ts';
import { startFor } from './start-for.ts';

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  let server: HttpServer;
  before(async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-out', cert, '-keyout', key], { stdio: 'pipe' });
    server = await HttpServer.start();
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('serves pages and calls over HTTPS, and nothing over HTTP', async (t) => {
    const app = await startFor(t, {
      mcpServers: { time: { type: 'streamable-http', url: server.url.href } },
      argv: ['--ssl-certfile', cert, '--ssl-keyfile', key],
    });
    const { port } = app.settings;
    const ask = async (method: string, path: string, headers: Record<string, string>, body?: string) => {
      const outgoing = request({
        host: '127.0.0.1',
        port,
        method,
        path,
        headers,
        ca: readFileSync(cert),
        agent: false,
      });
      outgoing.end(body);
      const [answer] = await once(outgoing, 'response');
      return { status: answer.statusCode as number, headers: answer.headers, body: await text(answer) };
    };
    const page = await ask('GET', '/', { accept: 'text/html' });
    assert.match(page.body, new RegExp(`https://localhost:${port}/time<`));
    assert.match(String(page.headers['strict-transport-security']), /max-age=/);
    const origin = `https://localhost:${port}`;
    const call = await ask('POST', '/time/echo', { 'content-type': 'application/json', origin }, '{"text":"x"}');
    assert.deepEqual([call.status, call.body], [200, '"x"']);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
  });
});
