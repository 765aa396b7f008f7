/** A server and a client's connection, as small as the tests of sessions need them. */

import type { StreamEvent } from '../../../src/mcp/session/event-log.ts';
import type { ReplyOutlet } from '../../../src/mcp/session/reply-stream.ts';
import { type Message, resultMessage } from '../../../src/upstream/peer/message.ts';
import type { PeerEvents, PeerFactory, Replies } from '../../../src/upstream/peer/peer.ts';

/** What a session id looks like. */
export const ACCEPTED = /^[\w-]{43}$/;

/** What came to a server, and the way to say something to its caller. */
export interface Line {
  readonly asked: { readonly message: Message; readonly replies: Replies; isCancelled: boolean }[];
  readonly sent: Message[];
  events: PeerEvents | undefined;
  isClosed: boolean;
}

export function newLine(): Line {
  return { asked: [], sent: [], events: undefined, isClosed: false };
}

/** Answers everything with an empty result, but for methods that begin with `never`. */
export function answeringPeer(line: Line = newLine()): PeerFactory {
  return (events) => {
    line.events = events;
    return {
      era: 'legacy',
      request: (message, replies) => {
        const asked = { message, replies, isCancelled: false };
        line.asked.push(asked);
        if (!message.method.startsWith('never')) {
          queueMicrotask(() => {
            if (!asked.isCancelled) replies.onAnswer(resultMessage(message.id ?? 0, {}), 200);
          });
        }
        return {
          cancel: (notice) => {
            asked.isCancelled = true;
            if (notice !== undefined) line.sent.push(notice);
          },
        };
      },
      send: (message) => void line.sent.push(message),
      close: async () => {
        line.isClosed = true;
      },
    };
  };
}

/** Keeps what it is given. */
export class HeldOutlet implements ReplyOutlet {
  readonly canStream: boolean;
  readonly events: StreamEvent[] = [];
  readonly touches: (string | undefined)[] = [];
  readonly answers: Message[] = [];
  unread = 0;
  isEnded = false;
  isCut = false;

  constructor(canStream = true) {
    this.canStream = canStream;
  }

  answer(messages: readonly Message[]): void {
    this.answers.push(...messages);
  }

  write(event: StreamEvent): void {
    this.events.push(event);
  }

  touch(id?: string): void {
    this.touches.push(id);
  }

  end(): void {
    this.isEnded = true;
  }

  cut(): void {
    this.isCut = true;
  }
}
