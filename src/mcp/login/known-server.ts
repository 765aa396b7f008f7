/** What is remembered of a server for callers without a connection: what it can do, and which names of ours it has taken. */
import { isRecord } from '../../schema/json-schema.ts';
import type { Server } from '../../upstream/server.ts';
import { CAPABILITIES } from '../capabilities.ts';
import { connectNames } from './connect-tool.ts';

type Switches = Readonly<Record<string, boolean>>;
/** As `initialize` and `server/discover` tell them; nothing but switches that the specification knows. */
export type Capabilities = Readonly<Record<string, Switches>>;

/** One for each server, for all of its callers: it keeps nothing that could be of one person. */
export class KnownServer {
  readonly #server: Server;
  readonly #ours: readonly string[];
  readonly #taken = new Set<string>();
  /** Until somebody has been connected: all of them. */
  #capabilities: Capabilities = CAPABILITIES;
  #version: string | undefined;

  constructor(server: Server) {
    this.#server = server;
    this.#ours = connectNames(server.name);
  }

  /** Those that somebody was told last; `tools.listChanged` always, because a login brings tools. */
  get capabilities(): Capabilities {
    return { ...this.#capabilities, tools: { listChanged: true } };
  }

  /** The revision that `initialize` agreed on last; undefined: never. */
  get version(): string | undefined {
    return this.#version;
  }

  /** The name of the tool that tells how to connect. */
  get connectName(): string {
    return this.#ours.find((name) => !this.#isTaken(name)) ?? `${this.#ours.at(-1)}`;
  }

  /** True where a call of `name` asks how to connect. A name that was told before the server took it still does not. */
  isConnectName(name: unknown): boolean {
    return typeof name === 'string' && this.#ours.includes(name) && (name === this.connectName || !this.#isTaken(name));
  }

  /** Takes note of the result of `initialize` or `server/discover`. */
  learn(result: Readonly<Record<string, unknown>>): void {
    const { capabilities, protocolVersion } = result;
    if (!isRecord(capabilities)) return;
    this.#capabilities = switchedOn((kind, name) => {
      const told = capabilities[kind];
      return isRecord(told) && (name === undefined || told[name] === true);
    });
    if (typeof protocolVersion === 'string') this.#version = protocolVersion;
  }

  /** Takes note of the server's own tools. */
  see(tools: readonly unknown[]): void {
    for (const tool of tools) {
      const name = isRecord(tool) ? tool.name : undefined;
      if (typeof name === 'string' && this.#ours.includes(name)) this.#taken.add(name);
    }
  }

  #isTaken(name: string): boolean {
    return this.#taken.has(name) || this.#server.learned?.byPath.has(name) === true;
  }
}

function switchedOn(isOn: (kind: string, name?: string) => boolean): Capabilities {
  const kinds = Object.entries<Switches>(CAPABILITIES).filter(([kind]) => isOn(kind));
  return Object.fromEntries(
    kinds.map(([kind, switches]) => {
      const on = Object.keys(switches).filter((name) => isOn(kind, name));
      return [kind, Object.fromEntries(on.map((name) => [name, true]))];
    }),
  );
}
