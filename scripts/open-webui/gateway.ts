/** The built latchkey as a process of its own. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Json } from './driver.ts';
import type { Processes } from './processes.ts';

const MAIN = resolve('dist/main.js');
const START_MS = 20_000;

export interface Built {
  /** Where people and Open WebUI reach it, e.g. `http://localhost:41234`. */
  readonly base: string;
  log(): string;
}

/** Starts it with this configuration; rejects with its log where it ends instead. */
export async function startBuilt(
  processes: Processes,
  name: string,
  config: Json,
  args: readonly string[] = [],
): Promise<Built> {
  const file = join(processes.home(name), 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const own = [MAIN, '--config', file, '--store', 'memory', '--port', '0'];
  const { child, log, failed } = processes.start({ name, command: process.execPath, args: [...own, ...args] });
  const port = new Promise<string>((done) => {
    child.stderr?.on('data', () => {
      const found = /latchkey listens at http:\/\/[^"\s]+:(\d+)/.exec(log())?.[1];
      if (found !== undefined) done(found);
    });
  });
  // By the name of its public address: cookies do not cross from `localhost` to `127.0.0.1`.
  return { base: `http://localhost:${await Promise.race([port, failed(START_MS)])}`, log };
}
