/** One event stream as bytes: its signs of life. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { SseStream } from '../../../src/http/mcp/sse-stream.ts';
import { until } from '../../helpers/wait.ts';

async function opened(t: TestContext): Promise<{ stream: SseStream; sent: ServerResponse; came: IncomingMessage }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const asked = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
  const [, sent] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  const stream = new SseStream(sent, '/one?sessionId=x', {});
  const [came] = (await once(asked, 'response')) as [IncomingMessage];
  return { stream, sent, came };
}

test('a sign of life is a comment, and nothing follows it before the next one', async (t) => {
  const { stream, came } = await opened(t);
  let text = '';
  came.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await until(() => text.endsWith('\n\n'));
  stream.touch();
  await until(() => text.endsWith('\n\n:\n\n'));
  stream.write({ text: '{\n}' });
  await until(() => text.endsWith('\n\n:\n\nevent: message\ndata: { }\n\n'));
});

test('who does not read is sent no signs of life', async (t) => {
  const { stream } = await opened(t);
  const text = 'x'.repeat(8 * 1024 * 1024);
  stream.write({ text });
  await new Promise((resolve) => setImmediate(resolve));
  const { unread } = stream;
  assert.ok(unread > 0);
  for (let time = 0; time < 100; time += 1) stream.touch();
  assert.equal(stream.unread, unread);
});

test('nothing is said any more where a stream has been ended by others, or its client has gone', async (t) => {
  const ended = await opened(t);
  ended.stream.write({ text: 'x'.repeat(8 * 1024 * 1024) });
  ended.sent.end();
  ended.stream.write({ text: '{}' });
  ended.stream.touch();
  const cut = await opened(t);
  cut.came.destroy();
  await once(cut.sent, 'close');
  cut.stream.write({ text: '{}' });
  cut.stream.touch();
});
