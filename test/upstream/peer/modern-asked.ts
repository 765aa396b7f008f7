/** Requests of 2026-07-28 to a peer, and what became of them. */
import assert from 'node:assert/strict';
import { type JsonObject, type Message, requestMessage } from '../../../src/upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../../src/upstream/peer/peer.ts';
import { MODERN_META } from '../../../src/upstream/protocol.ts';
import { until } from '../../helpers/wait.ts';

export const META = 'io.modelcontextprotocol';

/** Fails the test where a reply comes before the request has returned, or after its end. */
export class Asked implements Replies {
  readonly messages: Message[] = [];
  readonly exchange: Exchange;
  answer: Message | undefined;
  status: number | undefined;
  error: unknown;
  #state: 'asking' | 'waiting' | 'over' = 'asking';

  constructor(peer: Peer, message: Message, headers?: readonly string[]) {
    this.exchange = peer.request(message, this, headers);
    this.#state = 'waiting';
  }

  onMessage(message: Message): void {
    assert.equal(this.#state, 'waiting');
    this.messages.push(message);
  }

  onAnswer(message: Message, status: number): void {
    this.#end();
    this.answer = message;
    this.status = status;
  }

  onFailure(error: unknown): void {
    this.#end();
    this.error = error;
  }

  cancel(notice?: Message): void {
    this.exchange.cancel(notice);
    this.#state = 'over';
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Rejects with what the request failed with. */
  async answered(): Promise<Message> {
    await until(() => this.isOver, 10_000, 'the answer');
    if (this.error !== undefined) throw this.error;
    assert.ok(this.answer);
    return this.answer;
  }

  async result(): Promise<Readonly<JsonObject>> {
    const answer = await this.answered();
    assert.ok(answer.result, answer.text);
    return answer.result;
  }

  /** The text of a tool's answer. */
  async text(): Promise<string> {
    const { content } = await this.result();
    return (content as { text: string }[])[0]?.text ?? '';
  }

  #end(): void {
    assert.equal(this.#state, 'waiting');
    this.#state = 'over';
  }
}

let lastId = 0;

/** A request with the envelope; `meta` adds to it. */
export function modernRequest(
  method: string,
  params: JsonObject = {},
  meta: JsonObject = {},
  id: number | string = `caller-${++lastId}`,
): Message {
  return requestMessage(id, method, { ...params, _meta: { ...MODERN_META, ...meta } });
}

export function call(name: string, args: JsonObject = {}, meta: JsonObject = {}): Message {
  return modernRequest('tools/call', { name, arguments: args }, meta);
}
