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
import type { Peer } from '../../../src/upstream/peer/peer.ts';
import { type Asked, AskedOk, Heard } from '../../helpers/asked.ts';
import { commandEndpoint } from '../../helpers/configs.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';

/** A peer with all that it tells; closed after the test. */
export class OpenPeer extends Heard {
  readonly peer: Peer;
  readonly log = new MemoryLog();
  readonly #asked: Asked[] = [];
  #nextId = 1;

  constructor(t: TestContext, endpoint: Endpoint, credential?: Credential) {
    super();
    this.peer = openLegacyPeer(endpoint, this, this.log, credential);
    t.after(() => this.peer.close());
  }

  ask(method: string, params: JsonObject = {}, headers?: readonly string[]): Asked {
    return this.pass(requestMessage(this.#nextId++, method, params), headers);
  }

  pass(message: Message, headers?: readonly string[]): Asked {
    const asked = new AskedOk(this.peer, message, headers);
    this.#asked.push(asked);
    return asked;
  }

  call(name: string, args: JsonObject = {}, meta?: JsonObject): Asked {
    return this.ask('tools/call', { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) });
  }

  override onClosed(reason: string): void {
    assert.ok(
      this.#asked.every((one) => one.isOver),
      'closed before all that waited was failed',
    );
    super.onClosed(reason);
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
