/** What the log says of servers behind one endpoint: each state once, not once for each caller's request. */
import type { Log } from '../../log-sink.ts';

/** Bounds what servers that share URIs in ever new pairs could leave behind. */
const MOST_PAIRS = 1_000;

export class Notices {
  readonly #log: Log;
  readonly #missing = new Set<string>();
  readonly #pairs = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** A server's entries are not in a list. */
  leftOut(server: string, method: string, reason: string): void {
    const key = `${method} ${server}`;
    if (this.#missing.has(key)) return;
    this.#missing.add(key);
    this.#log.warn({ server, method, reason }, 'left out of a list of /mcp');
  }

  answered(server: string, method: string): void {
    if (this.#missing.delete(`${method} ${server}`)) this.#log.info({ server, method }, 'back in a list of /mcp');
  }

  /** `server` lists a URI or a template that belongs to `owner`. URIs may hold what no log should. */
  sharesUri(server: string, owner: string): void {
    const pair = `${server}\n${owner}`;
    if (this.#pairs.has(pair) || this.#pairs.size >= MOST_PAIRS) return;
    this.#pairs.add(pair);
    this.#log.warn({ server, owner }, 'lists resources that an earlier server lists, too: on /mcp they are read there');
  }
}
