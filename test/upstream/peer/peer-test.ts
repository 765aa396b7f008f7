/** Opens peers for the tests of this folder, and keeps what they say. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../../src/config/model.ts';
import type { Credential } from '../../../src/oauth/credential.ts';
import {
  type JsonObject,
  type Message,
  notificationMessage,
  requestMessage,
} from '../../../src/upstream/peer/message.ts';
import { openLegacyPeer } from '../../../src/upstream/peer/open.ts';
import type { Exchange, Peer, Replies } from '../../../src/upstream/peer/peer.ts';
import { commandEndpoint } from '../../helpers/configs.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { until } from '../../helpers/wait.ts';

/** One request and what became of it; fails the test where a reply comes too early or too late. */
export class Asked implements Replies {
  readonly messages: Message[] = [];
  answer: Message | undefined;
  error: unknown;
  readonly exchange: Exchange;
  #isOver = false;
  #isAsking = true;

  constructor(peer: Peer, message: Message, headers?: readonly string[]) {
    this.exchange = peer.request(message, this, headers);
    this.#isAsking = false;
  }

  onMessage(message: Message): void {
    this.#check();
    this.messages.push(message);
  }

  onAnswer(message: Message, status: number): void {
    this.#check();
    this.#isOver = true;
    assert.equal(status, 200);
    this.answer = message;
  }

  onFailure(error: unknown): void {
    this.#check();
    this.#isOver = true;
    this.error = error;
  }

  cancel(notice?: Message): void {
    this.exchange.cancel(notice);
    this.#isOver = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async answered(): Promise<Message> {
    await until(() => this.#isOver, 10_000, 'the answer');
    if (this.error !== undefined) throw this.error;
    return this.answer as Message;
  }

  /** The text of a tool's answer. */
  async text(): Promise<string> {
    const { result } = await this.answered();
    const [content] = (result?.content ?? []) as { text: string }[];
    return content?.text ?? '';
  }

  #check(): void {
    assert.ok(!this.#isAsking, 'a reply before request() has returned');
    assert.ok(!this.#isOver, 'a reply after the end');
  }
}

/** A peer with all that it tells; closed after the test. */
export class OpenPeer {
  readonly peer: Peer;
  readonly log = new MemoryLog();
  readonly messages: Message[] = [];
  readonly closed: string[] = [];
  readonly #asked: Asked[] = [];
  #nextId = 1;

  constructor(t: TestContext, endpoint: Endpoint, credential?: Credential) {
    const events = {
      onMessage: (message: Message) => void this.messages.push(message),
      onClosed: (reason: string) => this.#closed(reason),
    };
    this.peer = openLegacyPeer(endpoint, events, this.log, credential);
    t.after(() => this.peer.close());
  }

  ask(method: string, params: JsonObject = {}, headers?: readonly string[]): Asked {
    return this.pass(requestMessage(this.#nextId++, method, params), headers);
  }

  pass(message: Message, headers?: readonly string[]): Asked {
    const asked = new Asked(this.peer, message, headers);
    this.#asked.push(asked);
    return asked;
  }

  call(name: string, args: JsonObject = {}, meta?: JsonObject): Asked {
    return this.ask('tools/call', { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) });
  }

  #closed(reason: string): void {
    assert.ok(
      this.#asked.every((one) => one.isOver),
      'closed before all that waited was failed',
    );
    this.closed.push(reason);
  }

  /** Shakes hands as a client does; resolves with the answer to `initialize`. */
  async ready(): Promise<Message> {
    const asked = this.ask('initialize', INITIALIZE);
    const answer = await asked.answered();
    this.peer.send(notificationMessage('notifications/initialized'));
    return answer;
  }
}

export const INITIALIZE: JsonObject = {
  protocolVersion: '2025-11-25',
  capabilities: { sampling: {} },
  clientInfo: { name: 'tester', version: '1' },
};

/** A child that runs this JavaScript, in which `lines(callback)` reads stdin and `say(text)` writes a line. */
export function scriptEndpoint(script: string): Endpoint {
  const frame = `
    const say = (text) => process.stdout.write(text + '\\n');
    const lines = (take) => {
      let rest = '';
      process.stdin.setEncoding('utf8');
      process.stdin.on('data', (chunk) => {
        const parts = (rest + chunk).split('\\n');
        rest = parts.pop();
        for (const part of parts) take(part);
      });
    };
    process.stdin.on('end', () => process.exit(0));
    ${script}`;
  return commandEndpoint(process.execPath, ['-e', frame]);
}
