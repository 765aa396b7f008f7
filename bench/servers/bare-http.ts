/** Bare translator from REST to an MCP server over HTTP: one POST a call. */
import { request } from 'undici';
import { type Answer, translate } from './bare.ts';

const [port, url = ''] = process.argv.slice(2);
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

translate(Number(port), async (_id, text) => {
  const response = await request(url, { method: 'POST', headers, body: text });
  const body = await response.body.text();
  const isStream = response.headers['content-type'] === 'text/event-stream';
  return JSON.parse(isStream ? body.slice(body.indexOf('data: ') + 6) : body) as Answer;
});
