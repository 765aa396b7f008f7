/**
 * A small MCP server that writes down how it is told to end: `node mortal-server.mjs <file> [ms of work at SIGTERM, or "deaf"]`.
 * It ends at the end of its input at once; a deaf one ends by nothing. Its tool `hold` is never answered.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [file, atEnd = '0'] = process.argv.slice(2);
const isDeaf = atEnd === 'deaf';
const note = (text) => appendFileSync(file, `${text}\n`);

function end(text) {
  note(text);
  process.exit(0);
}

process.on('SIGTERM', () => {
  note('SIGTERM');
  if (!isDeaf) setTimeout(() => end('tidy'), Number(atEnd));
});
// Else it ends by its own doing alone; but it must not outlive a test that was killed.
setTimeout(() => process.exit(1), 60_000);

const answer = (id, result) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
lines.on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined || params?.name === 'hold') return;
  if (method !== 'initialize') return answer(id, { content: [], tools: [] });
  const { protocolVersion } = params;
  answer(id, { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'mortal', version: '1' } });
});
lines.on('close', () => {
  if (isDeaf) note('end of input');
  else end('end of input');
});
note(`start ${process.pid}`);
