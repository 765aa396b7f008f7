/** Requests to a peer, and all that became of them. */
import assert from 'node:assert/strict';
import { type JsonObject, type Message, requestMessage } from '../../src/upstream/peer/message.ts';
import type { Exchange, Peer, PeerEvents, Replies } from '../../src/upstream/peer/peer.ts';
import { until } from './wait.ts';

/** One request; fails the test where a reply comes too early or too late. */
export class Asked implements Replies {
  readonly messages: Message[] = [];
  answer: Message | undefined;
  status: number | undefined;
  error: unknown;
  readonly #exchange: Exchange;
  #isAsking = true;
  #isOver = false;

  constructor(peer: Peer, message: Message, headers?: readonly string[]) {
    this.#exchange = peer.request(message, this, headers);
    this.#isAsking = false;
  }

  onMessage(message: Message): void {
    this.#check();
    this.messages.push(message);
  }

  onAnswer(message: Message, status: number): void {
    this.#check();
    this.#isOver = true;
    this.status = status;
    this.answer = message;
  }

  onFailure(error: unknown): void {
    this.#check();
    this.#isOver = true;
    this.error = error;
  }

  cancel(notice?: Message): void {
    this.#exchange.cancel(notice);
    this.#isOver = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Rejects with what the request failed with. */
  async answered(): Promise<Message> {
    await until(() => this.#isOver, 20_000, 'the answer');
    if (this.error !== undefined) throw this.error;
    assert.ok(this.answer !== undefined);
    return this.answer;
  }

  async result(): Promise<JsonObject> {
    const answer = await this.answered();
    assert.ok(answer.result !== undefined, answer.text);
    return answer.result;
  }

  /** The code of the error. */
  async code(): Promise<unknown> {
    return (await this.answered()).error?.code;
  }

  /** The text of a tool's answer. */
  async text(): Promise<string> {
    const { content } = await this.result();
    return (content as { text: string }[])[0]?.text ?? '';
  }

  #check(): void {
    assert.ok(!this.#isAsking, 'a reply before request() has returned');
    assert.ok(!this.#isOver, 'a reply after the end');
  }
}

/** One whose answer must come with status 200, as all do but some errors of 2026-07-28. */
export class AskedOk extends Asked {
  override onAnswer(message: Message, status: number): void {
    assert.equal(status, 200, message.text);
    super.onAnswer(message, status);
  }
}

/** What a peer tells besides. */
export class Heard implements PeerEvents {
  readonly messages: Message[] = [];
  readonly closed: string[] = [];

  onMessage(message: Message): void {
    this.messages.push(message);
  }

  onClosed(reason: string): void {
    this.closed.push(reason);
  }

  /** How many of this method. */
  count(method: string): number {
    return this.messages.filter((message) => message.method === method).length;
  }
}

export function ask(peer: Peer, id: number | string, method: string, params: JsonObject = {}): Asked {
  return new Asked(peer, requestMessage(id, method, params));
}

/** Calls a tool. */
export function call(peer: Peer, id: number | string, name: string, args: JsonObject = {}, meta?: JsonObject): Asked {
  return ask(peer, id, 'tools/call', { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) });
}
