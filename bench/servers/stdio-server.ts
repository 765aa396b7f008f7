/** An MCP server over stdio; ends with its stdin. */
import { answer, type Message } from './tools.ts';

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  let out = '';
  for (const line of lines) {
    const text = line.trim() === '' ? undefined : answer(JSON.parse(line) as Message, 1);
    if (text !== undefined) out += `${text}\n`;
  }
  if (out !== '') process.stdout.write(out);
});
process.stdin.on('end', () => process.exit(0));
