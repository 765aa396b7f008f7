/** Servers that write down how they were told to end, and what they wrote. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from './configs.ts';

const SERVER = fileURLToPath(new URL('./mortal-server.mjs', import.meta.url));

export class Mortal {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mortal-'));
  readonly #file = join(this.#folder, 'events');
  readonly command = process.execPath;
  readonly args: readonly string[];

  /** `atSigterm`: the milliseconds that it works on at SIGTERM; `deaf`: it ends by nothing. */
  constructor(atSigterm: number | 'deaf' = 0) {
    this.args = [SERVER, this.#file, String(atSigterm)];
  }

  /** What the processes were told, in this order; `tidy`: one of them has come to the end of its work. */
  told(): readonly string[] {
    return this.#lines().filter((line) => !line.startsWith('start '));
  }

  running(): readonly number[] {
    return this.pids().filter(isRunning);
  }

  pids(): readonly number[] {
    return this.#lines().flatMap((line) => (line.startsWith('start ') ? [Number(line.slice('start '.length))] : []));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #lines(): readonly string[] {
    try {
      return readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
    } catch {
      return [];
    }
  }
}
