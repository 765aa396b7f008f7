/** The REST side of the bare translators: the least that can be done, with no check of anything. */
import { createServer } from 'node:http';

/** Sends the JSON text of a `tools/call` request and resolves with the parsed answer. */
export type Send = (id: number, request: string) => Promise<Answer>;

export interface Answer {
  readonly id: number;
  readonly result: { readonly content: readonly [{ readonly text: string }] };
}

/** Translates every POST on `port` into one call of the tool that the path names. */
export function translate(port: number, send: Send): void {
  let nextId = 1;
  createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', async () => {
      const id = nextId++;
      const params = { name: request.url?.slice(1), arguments: JSON.parse(body) as unknown };
      const { result } = await send(id, JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }));
      const [{ text }] = result.content;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.end(text);
    });
  }).listen(port, '127.0.0.1');
}
