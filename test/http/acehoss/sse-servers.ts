/** Small servers for the event streams of a servers file. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from '../../helpers/configs.ts';
import type { SseClient } from '../mcp/sse-client.ts';

const STRICT = fileURLToPath(new URL('../../helpers/strict-server.mjs', import.meta.url));

export interface Entry {
  readonly command: string;
  readonly args: readonly string[];
}

/** A child that runs `text`. */
export function script(text: string, ...args: readonly string[]): Entry {
  return { command: process.execPath, args: ['-e', text, ...args] };
}

/** Says whatever it hears. */
export const MIRROR = script('process.stdin.pipe(process.stdout)');

/** Insists on the handshake; its tools are those of `strict-server.mjs`. */
export function strict(...flags: readonly string[]): Entry {
  return { command: process.execPath, args: [STRICT, ...flags] };
}

/** Which processes of a strict server there were. */
export class Pids {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sse-pids-'));
  readonly #file = join(this.#folder, 'pids');
  readonly flag = `--record=${this.#file}`;

  all(): number[] {
    try {
      return readFileSync(this.#file, 'utf8').trim().split('\n').map(Number);
    } catch {
      return [];
    }
  }

  running(): number[] {
    return this.all().filter(isRunning);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The text of a tool's result. */
export async function call(client: SseClient, id: number | string, name: string, args: object = {}): Promise<string> {
  const { result } = await client.ask(id, 'tools/call', { name, arguments: args });
  return (result as { content: { text: string }[] }).content[0]?.text ?? '';
}
