/** The odd server as a process on stdio; its argument is the era. */
import { type Era, OddServer } from './odd-server.ts';
import { lines } from './wires.ts';

const server = new OddServer(process.argv[2] as Era, ({ text }) => process.stdout.write(`${text}\n`));
process.stdin.on(
  'data',
  lines((line) => server.hear(line)),
);
process.stdin.on('end', () => process.exit(0));
