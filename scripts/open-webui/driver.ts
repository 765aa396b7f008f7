/** Open WebUI's functions as functions of ours: a process in Python runs them. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Installed } from './install.ts';
import type { Processes, Running } from './processes.ts';

const DRIVER = resolve('scripts/open-webui/driver.py');
/** Importing it takes seconds, and so do the migrations of its new database. */
const START_MS = 90_000;

export type Json = Readonly<Record<string, unknown>>;

/** What an admin fills into the form of a connection. */
export interface Connection extends Json {
  readonly url: string;
}

/** A tool as the model is offered it. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Json & { readonly properties: Readonly<Record<string, Json>> };
}

/** A document as Open WebUI has fetched and converted it. */
export interface Fetched {
  readonly id: string;
  readonly specs: readonly Tool[];
}

/** What the model reads of a call. */
export interface Read {
  readonly text: string;
  readonly images: readonly string[];
  /** Whether the chat shows the call as failed. */
  readonly failed: boolean;
}

/** One person in a chat. */
export interface Chatter {
  readonly user: string;
  readonly token: string;
}

export class Driver {
  readonly #running: Running;
  readonly #lines: AsyncIterator<string>;

  /** `env`: what an operator would set; see also `openWebuiEnv`. */
  static async start(
    processes: Processes,
    installed: Installed,
    name: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Driver> {
    const program = { name, command: installed.python, args: [DRIVER] };
    const running = processes.start({ ...program, env: { ...openWebuiEnv(processes.home(name)), ...env } });
    const driver = new Driver(running);
    await Promise.race([driver.#next(), running.failed(START_MS)]);
    return driver;
  }

  private constructor(running: Running) {
    this.#running = running;
    this.#lines = createInterface({ input: running.child.stdout })[Symbol.asyncIterator]();
  }

  /** A token of a user's session, signed by Open WebUI; `seconds` below zero: it has expired. */
  sign(claims: Json, seconds = 3600): Promise<string> {
    return this.#ask('sign', { claims, seconds });
  }

  async connect(connections: readonly Connection[]): Promise<void> {
    await this.#ask('connect', { connections });
  }

  documents(connections: readonly Connection[]): Promise<readonly Fetched[]> {
    return this.#ask('documents', { connections });
  }

  tools(server: string, chatter: Chatter): Promise<readonly Tool[]> {
    return this.#ask('tools', { server, ...chatter });
  }

  call(server: string, chatter: Chatter, name: string, args: Json = {}): Promise<Read> {
    return this.#ask('call', { server, ...chatter, name, arguments: args });
  }

  async #ask<T>(what: string, given: Json): Promise<T> {
    this.#running.child.stdin.write(`${JSON.stringify({ do: what, with: given })}\n`);
    const { error, answer } = await this.#next();
    assert.ok(error === undefined, `${what}: ${error}`);
    return answer as T;
  }

  async #next(): Promise<{ readonly error?: string; readonly answer?: unknown }> {
    const { done, value } = await this.#lines.next();
    // The end of its output comes before the end of the process, whose log says why.
    if (done === true) return this.#running.failed(START_MS);
    return JSON.parse(value);
  }
}

/** The slim variant with its data in `home`, and nothing that looks for the network. */
export function openWebuiEnv(home: string): Record<string, string> {
  return {
    DATA_DIR: `${home}/data`,
    STATIC_DIR: `${home}/static`,
    FROM_INIT_PY: 'true',
    USE_SLIM_DOCKER: 'true',
    OFFLINE_MODE: 'true',
    ENABLE_OLLAMA_API: 'false',
  };
}
