/** A call of `/api` whose body arrives late. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { RawAnswer } from '../raw.ts';

/** Calls the tool at `path`; the body follows when `meanwhile` is over, which begins once the head has been read. */
export async function callAround(
  url: string,
  path: string,
  meanwhile: () => Promise<unknown>,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  const sent = request(url + path, {
    method: 'POST',
    headers: { ...headers, expect: '100-continue', 'content-length': '2' },
    agent: false,
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  sent.flushHeaders();
  await once(sent, 'continue');
  await meanwhile();
  sent.end('{}');
  const [answer] = await answered;
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
}
