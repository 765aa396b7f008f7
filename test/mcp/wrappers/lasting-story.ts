/** Sessions with a server as a lasting peer opens them: each shows what came to it, and answers when it is told to. */

import { LastingPeer, type Opened } from '../../../src/mcp/wrappers/lasting-peer.ts';
import { type Message, resultMessage } from '../../../src/upstream/peer/message.ts';
import type { Peer, PeerEvents, Replies } from '../../../src/upstream/peer/peer.ts';
import { connectionLost, type StopSignal } from '../../../src/upstream/wire.ts';
import { Heard } from '../../helpers/asked.ts';

export class ScriptedSession implements Peer {
  readonly era = 'legacy';
  readonly initialize: Message;
  readonly events: PeerEvents;
  readonly stop: StopSignal;
  readonly asked: { readonly message: Message; readonly replies: Replies; isCancelled: boolean }[] = [];
  readonly sent: Message[] = [];
  closed = 0;
  readonly #opened: (opened: Opened) => void;
  readonly failed: (error: unknown) => void;

  constructor(
    initialize: Message,
    events: PeerEvents,
    stop: StopSignal,
    [opened, failed]: readonly [(opened: Opened) => void, (error: unknown) => void],
  ) {
    this.initialize = initialize;
    this.events = events;
    this.stop = stop;
    this.#opened = opened;
    this.failed = failed;
  }

  /** Answers the `initialize`. */
  opened(answer = resultMessage(this.initialize.id ?? 0, { protocolVersion: '2025-11-25' })): void {
    this.#opened({ peer: this, answer });
  }

  request(message: Message, replies: Replies): { cancel(): void } {
    const asked = { message, replies, isCancelled: false };
    this.asked.push(asked);
    return {
      cancel: () => {
        asked.isCancelled = true;
      },
    };
  }

  /** Answers the first request that waits. */
  answer(): void {
    const asked = this.asked.shift();
    asked?.replies.onAnswer(resultMessage(asked.message.id ?? 0, { from: this.initialize.id }), 200);
  }

  send(message: Message): void {
    this.sent.push(message);
  }

  async close(): Promise<void> {
    this.closed += 1;
    for (const { replies, isCancelled } of this.asked.splice(0)) {
      if (!isCancelled) replies.onFailure(connectionLost('closed'));
    }
  }
}

export class LastingStory {
  readonly sessions: ScriptedSession[] = [];
  readonly heard = new Heard();
  readonly peer: LastingPeer;

  constructor() {
    this.peer = new LastingPeer(
      (initialize, events, stop) =>
        new Promise((...settle) => {
          this.sessions.push(new ScriptedSession(initialize, events, stop, settle));
        }),
      this.heard,
    );
  }

  /** The newest session. */
  get last(): ScriptedSession {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error('no session was opened');
    return session;
  }
}
