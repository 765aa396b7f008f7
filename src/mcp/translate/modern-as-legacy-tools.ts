/** Which arguments of a tool must also stand in HTTP headers: known from the lists that came by, or asked for once. */
import { isRecord, listOf } from '../../schema/json-schema.ts';
import { parameterHeaders } from '../../upstream/parameter-headers.ts';
import { type JsonObject, type Message, unlessTooDeep } from '../../upstream/peer/message.ts';

/** One page of `tools/list`; undefined where there is none. */
export type ListPage = (cursor: unknown) => Promise<Message | undefined>;

const ANNOTATION = 'x-mcp-header';
const MOST_TOOLS = 10_000;
const MOST_CHARACTERS = 4 * 1024 * 1024;
const LONGEST_NAME = 1_000;
const MOST_PAGES = 100;
/** A call does not wait longer for what may be known of its tool. */
const LIST_MS = 10_000;

interface Mirrored {
  readonly inputSchema: unknown;
  /** In characters. */
  readonly size: number;
}

export class MirroredTools {
  readonly #listPage: ListPage;
  /** By name; undefined where no argument is mirrored. */
  readonly #tools = new Map<string, Mirrored | undefined>();
  #size = 0;
  #listing: Promise<void> | undefined;

  constructor(listPage: ListPage) {
    this.#listPage = listPage;
  }

  /** Takes the result of `tools/list`. */
  learn({ result, text }: Message): void {
    const mayMirror = text.includes(ANNOTATION);
    for (const tool of listOf(result?.tools)) {
      if (!isRecord(tool) || typeof tool.name !== 'string' || tool.name.length > LONGEST_NAME) continue;
      if (this.#isFull && !this.#tools.has(tool.name)) return;
      this.#size -= this.#tools.get(tool.name)?.size ?? 0;
      const mirrored = mayMirror ? mirroredIn(tool.inputSchema) : undefined;
      this.#size += mirrored?.size ?? 0;
      this.#tools.set(tool.name, mirrored);
    }
  }

  /** The list is another now: what is unknown may be asked for again. */
  changed(): void {
    this.#listing = undefined;
  }

  /** Resolves when what can be known of the tool is known; undefined where that is so already. */
  ready(name: unknown): Promise<void> | undefined {
    if (typeof name !== 'string' || this.#tools.has(name)) return undefined;
    this.#listing ??= this.#list();
    return this.#listing;
  }

  /** `Mcp-Param-*` for one call, flat (2026-07-28, Streamable HTTP, custom headers from tool parameters). */
  headersFor({ name, arguments: args }: Readonly<JsonObject>): string[] {
    const mirrored = typeof name === 'string' ? this.#tools.get(name) : undefined;
    return mirrored === undefined || !isRecord(args) ? [] : parameterHeaders(mirrored.inputSchema, args);
  }

  get #isFull(): boolean {
    return this.#tools.size >= MOST_TOOLS || this.#size >= MOST_CHARACTERS;
  }

  /** A server that does not list its tools is called without such headers. */
  async #list(): Promise<void> {
    const end = Date.now() + LIST_MS;
    let cursor: unknown;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await this.#listPage(cursor);
      if (answer?.result === undefined) return;
      this.learn(answer);
      cursor = answer.result.nextCursor;
      if (typeof cursor !== 'string' || this.#isFull || Date.now() > end) return;
    }
  }
}

function mirroredIn(inputSchema: unknown): Mirrored | undefined {
  const text = unlessTooDeep(() => JSON.stringify(inputSchema));
  return text?.includes(ANNOTATION) === true ? { inputSchema, size: text.length } : undefined;
}
