/** Bare relay from MCP over HTTP to MCP over HTTP: bodies, sessions and statuses both ways, and nothing is looked at. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, request as send } from 'undici';

const [port, url = ''] = process.argv.slice(2);
const THERE = ['content-type', 'accept', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id'];
const BACK = ['content-type', 'content-length', 'cache-control', 'mcp-session-id', 'allow'];

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const method = (request.method ?? 'POST') as Dispatcher.HttpMethod;
    const body = chunks.length === 0 ? null : Buffer.concat(chunks);
    const answer = await send(url, { method, headers: picked(request.headers, THERE), body });
    response.writeHead(answer.statusCode, picked(answer.headers, BACK));
    // As it comes: an event stream may go on for long.
    answer.body.pipe(response);
  });
}).listen(Number(port), '127.0.0.1');

function picked(headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string | string[]> {
  const some: Record<string, string | string[]> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) some[name] = value;
  }
  return some;
}
