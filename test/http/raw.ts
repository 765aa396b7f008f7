/** Requests that `fetch` would tidy up: raw paths, repeated headers, any `Host` and `Origin`, bytes that are no HTTP. */
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  /** Sent as it is. */
  readonly path?: string;
  /** Flat: name, value, name, value. */
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

export async function raw(
  base: string,
  { method = 'GET', path = '/', headers = [], body }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(base);
  const names = headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const all = [...(names.includes('host') ? [] : ['host', host]), ...headers];
  if (body !== undefined && !names.includes('content-length'))
    all.push('content-length', String(Buffer.byteLength(body)));
  const outgoing = request({ hostname, port, method, path, headers: all, agent: false });
  outgoing.end(body);
  const [answer] = await once(outgoing, 'response');
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** Sends the bytes and returns what comes back until the other side ends. */
export async function bytes(base: string, message: string): Promise<string> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  socket.end(message);
  return text(socket);
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
