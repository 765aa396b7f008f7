/** What a server has asked during one call, and what the caller has been told of it. */
import { parseJson } from '../../schema/json.ts';
import { isRecord } from '../../schema/json-schema.ts';
import type { Id } from '../../upstream/jsonrpc.ts';
import { type JsonObject, type Message, resultMessage, unlessTooDeep } from '../../upstream/peer/message.ts';

const MOST = 16;

export class Questions {
  /** By our keys. */
  readonly #open = new Map<string, Message>();
  /** The keys that the caller knows. */
  #presented: string[] = [];
  #count = 0;

  get size(): number {
    return this.#open.size;
  }

  /** Of their texts, in characters. */
  get length(): number {
    return [...this.#open.values()].reduce((sum, { text }) => sum + text.length, 0);
  }

  get isFull(): boolean {
    return this.#open.size >= MOST;
  }

  add(question: Message): void {
    this.#count += 1;
    this.#open.set(`question-${this.#count}`, question);
  }

  /** The server does not want to know any more. */
  withdraw(id: unknown): void {
    for (const [key, question] of this.#open) if (question.id === id) this.#open.delete(key);
  }

  /** Takes all of them away, unanswered. */
  takeAll(): Message[] {
    const questions = [...this.#open.values()];
    this.#open.clear();
    return questions;
  }

  /** The `inputRequests` of a result. Throws RangeError for what is nested too deeply. */
  present(): JsonObject {
    this.#presented = [...this.#open.keys()];
    return Object.fromEntries([...this.#open].map(([key, { text }]) => [key, embedded(text)]));
  }

  /**
   * The answers to the server that `inputResponses` of a request are; those questions are closed.
   * Undefined, and all stay open, where one of what was presented is not answered.
   */
  answersIn(request: Message): Message[] | undefined {
    const { inputResponses } = (parseJson(request.text) as { readonly params: JsonObject }).params;
    const responses = isRecord(inputResponses) ? inputResponses : {};
    const asked = this.#presented.filter((key) => this.#open.has(key));
    const answers = asked.flatMap((key) => this.#answer(key, responses[key]) ?? []);
    if (answers.length < asked.length) return undefined;
    for (const key of asked) this.#open.delete(key);
    return answers;
  }

  #answer(key: string, response: unknown): Message | undefined {
    if (!isRecord(response)) return undefined;
    return unlessTooDeep(() => resultMessage(this.#open.get(key)?.id as Id, response));
  }
}

/** A question without its envelope of JSON-RPC. */
function embedded(text: string): JsonObject {
  const { method, params } = parseJson(text) as JsonObject;
  return params === undefined ? { method } : { method, params };
}
