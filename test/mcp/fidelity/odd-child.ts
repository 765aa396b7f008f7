/** The odd server as a process on stdio; its argument is the era. */
import { createInterface } from 'node:readline';
import { type Era, OddServer } from './odd-server.ts';

const server = new OddServer(process.argv[2] as Era, ({ text }) => process.stdout.write(`${text}\n`));
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => server.hear(line));
lines.on('close', () => process.exit(0));
