/** Tool calls over `/api`, as its callers make them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Json } from '../helpers/mcp-session.ts';
import { type RawAnswer, raw } from '../http/raw.ts';

export class RestSession {
  readonly #url: string;
  readonly #headers: readonly string[];
  readonly id: string;

  constructor(url: string, headers: readonly string[] = [], id: string = randomUUID()) {
    this.#url = url;
    this.#headers = headers;
    this.id = id;
  }

  /** Calls `tool`, named `<server>/<tool>`. */
  post(tool: string, args: unknown = {}): Promise<RawAnswer> {
    const path = `/api/${tool}?sessionId=${this.id}`;
    const headers = [...this.#headers, 'content-type', 'application/json'];
    return raw(this.#url, { method: 'POST', path, headers, body: JSON.stringify(args) });
  }

  /** The body of a call that is answered with 200. */
  async result(tool: string, args: unknown = {}): Promise<Json> {
    const { status, body } = await this.post(tool, args);
    assert.equal(status, 200, body);
    return JSON.parse(body) as Json;
  }

  /** The text of a result. */
  async text(tool: string, args: unknown = {}): Promise<string> {
    return textOf(await this.result(tool, args));
  }

  async pid(server: string): Promise<number> {
    return Number(await this.text(`${server}/pid`));
  }

  /** Ends the session. */
  end(): Promise<RawAnswer> {
    return raw(this.#url, { method: 'DELETE', path: `/api/sessionid?sessionId=${this.id}`, headers: this.#headers });
  }
}

export function textOf(result: Json): string {
  const [first] = result.content as readonly { readonly text: string }[];
  assert.ok(first, JSON.stringify(result));
  return first.text;
}
