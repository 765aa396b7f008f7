/** A server of the old era in a child process of its own: one message a line, passed on as it is. */
import type { Log } from '../../log-sink.ts';
import { ChildChannel, type StdioEndpoint } from '../child-channel.ts';
import { connectionLost, NotSentError, reasonOf } from '../wire.ts';
import { cancelledMessage } from './cancelled.ts';
import type { Message } from './message.ts';
import { oneLine } from './one-line.ts';
import { OpenRequests } from './open-requests.ts';
import type { Exchange, Peer, PeerEvents, Replies } from './peer.ts';

export class StdioPeer implements Peer {
  readonly era = 'legacy';
  readonly #endpoint: StdioEndpoint;
  readonly #events: PeerEvents;
  readonly #log: Log;
  readonly #requests: OpenRequests;
  /** There with the first request. */
  #channel: ChildChannel | undefined;
  /** Why nothing can be sent any more. */
  #gone: string | undefined;

  constructor(endpoint: StdioEndpoint, events: PeerEvents, log: Log) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#log = log;
    this.#requests = new OpenRequests((message) => events.onMessage(message));
  }

  /** Starts the process before there is a request; rejects with what the system says where it cannot be started. */
  async start(): Promise<void> {
    if (this.#gone !== undefined) throw new NotSentError('connection', this.#gone);
    this.#channel ??= this.#newChannel();
    await this.#channel.started();
  }

  request(message: Message, replies: Replies): Exchange {
    if (this.#gone === undefined) this.#channel ??= this.#start();
    const refusal = this.#refusal();
    this.#requests.add(message, replies);
    if (refusal === undefined) this.#channel?.write(oneLine(message.text));
    else queueMicrotask(() => this.#requests.fail(message, refusal));
    return { cancel: (notice) => this.#cancel(message, notice) };
  }

  send(message: Message): void {
    if (this.#refusal() === undefined) this.#channel?.write(oneLine(message.text));
    else this.#log.debug({ kind: message.kind }, 'a message that the process could not take was dropped');
  }

  async close(): Promise<void> {
    if (this.#gone === undefined) {
      this.#gone = 'The connection is closed';
      this.#requests.failAll(() => connectionLost('The connection is closed'));
    }
    await this.#channel?.close();
  }

  /** Undefined where the process cannot even be tried; that is told as its end is. */
  #start(): ChildChannel | undefined {
    try {
      return this.#newChannel();
    } catch (error) {
      const reason = reasonOf(error);
      queueMicrotask(() => this.#end(reason, false));
      return undefined;
    }
  }

  #newChannel(): ChildChannel {
    const events = {
      onMessage: (value: unknown, text: string) => this.#requests.receive(value, text),
      // Whose answer it was is unknown unless only one request waits.
      onOverflow: (error: Error) => this.#requests.failOnly(() => error),
      onEnd: (reason: string, hasRun: boolean) => this.#end(reason, hasRun),
    };
    return new ChildChannel(this.#endpoint, events, this.#log);
  }

  /** Why nothing can be sent now, if so. */
  #refusal(): Error | undefined {
    if (this.#gone !== undefined) return new NotSentError('connection', this.#gone);
    if (this.#channel !== undefined) return this.#channel.refusal();
    return new NotSentError('connection', 'The process was not started');
  }

  #cancel(message: Message, notice: Message | undefined): void {
    if (!this.#requests.remove(message)) return;
    const cancelled = cancelledMessage(message, notice);
    if (cancelled !== undefined) this.send(cancelled);
  }

  #end(reason: string, hasRun: boolean): void {
    if (this.#gone !== undefined) return;
    this.#gone = reason;
    this.#requests.failAll(() => (hasRun ? connectionLost(reason) : new NotSentError('connection', reason)));
    this.#events.onClosed(reason);
  }
}
