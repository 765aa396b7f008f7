/** Requests whose bodies come in several pieces. */
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type RawAnswer, raw } from '../http/raw.ts';

/** Posts `body` cut in the middle of the first character beyond ASCII; the second piece follows when the gateway has done something else. */
export async function postInPieces(url: string, path: string, body: string): Promise<RawAnswer> {
  const bytes = Buffer.from(body);
  const middle = bytes.findIndex((byte) => byte > 0x7f) + 1;
  const sent = request(url + path, { method: 'POST', headers: { 'content-length': bytes.length }, agent: false });
  const answered = once(sent, 'response');
  sent.write(bytes.subarray(0, middle));
  for (let turn = 0; turn < 3; turn += 1) await raw(url, { path: '/api/sessionid' });
  sent.end(bytes.subarray(middle));
  const [answer] = await answered;
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}
