/** Bare translator from REST to an MCP server over stdio: a line in, a line out, and a map of who waits. */
import { spawn } from 'node:child_process';
import { type Answer, translate } from './bare.ts';

const [port, command = '', ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const waiting = new Map<number, (answer: Answer) => void>();
let rest = '';

child.stdout.setEncoding('utf8');
child.stdout.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    const answer = JSON.parse(line) as Answer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  }
});

translate(Number(port), (id, text) => {
  child.stdin.write(`${text}\n`);
  return new Promise((resolve) => waiting.set(id, resolve));
});
