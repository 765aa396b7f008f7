/** Bare relay from MCP over HTTP to MCP over HTTP: bodies, sessions and statuses both ways, and nothing is looked at. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const [port, url = ''] = process.argv.slice(2);
const { origin, pathname } = new URL(url);
const pool = new Pool(origin);
const THERE = ['content-type', 'accept', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id'];
const BACK = ['content-type', 'content-length', 'cache-control', 'mcp-session-id', 'allow'];

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const method = (request.method ?? 'POST') as Dispatcher.HttpMethod;
    const body = chunks.length > 1 ? Buffer.concat(chunks) : (chunks[0] ?? null);
    pool.dispatch({ path: pathname, method, headers: picked(request.headers, THERE), body }, into(response));
  });
}).listen(Number(port), '127.0.0.1');

/** Each part is passed on as it comes, so that streams work too. */
function into(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (): void => undefined,
    onResponseStart: (_controller, status, headers): void => {
      response.writeHead(status, picked(headers, BACK));
    },
    onResponseData: (_controller, chunk): void => {
      response.write(chunk);
    },
    onResponseEnd: (): void => {
      response.end();
    },
    onResponseError: (): void => {
      response.destroy();
    },
  };
}

function picked(headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string | string[]> {
  const some: Record<string, string | string[]> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) some[name] = value;
  }
  return some;
}
