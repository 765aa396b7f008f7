/** A server over HTTP+SSE of 2024-11-05: requests are POSTed, and one stream brings all that it says. */
import type { Log } from '../../log-sink.ts';
import type { Credential } from '../../oauth/credential.ts';
import type { HttpEndpoint } from '../origin-client.ts';
import { SseChannel } from '../sse-channel.ts';
import { connectionLost, NotSentError, reasonOf } from '../wire.ts';
import type { Message } from './message.ts';
import { OpenRequests } from './open-requests.ts';
import { Outbox } from './outbox.ts';
import type { Exchange, Peer, PeerEvents, Replies } from './peer.ts';
import { SsePost } from './sse-post.ts';

const MAX_REDIRECTS = 3;

export class SsePeer implements Peer {
  readonly era = 'legacy';
  readonly #endpoint: HttpEndpoint;
  readonly #events: PeerEvents;
  readonly #log: Log;
  readonly #credential: Credential | undefined;
  readonly #requests: OpenRequests;
  readonly #outbox: Outbox;
  /** There with the first request. */
  #channel: SseChannel | undefined;
  #isClosed = false;
  /** What each request is told from now on. */
  #gone: NotSentError | undefined;

  constructor(endpoint: HttpEndpoint, events: PeerEvents, log: Log, credential?: Credential) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#log = log;
    this.#credential = credential;
    this.#requests = new OpenRequests((message) => events.onMessage(message));
    this.#outbox = new Outbox((text) => this.#deliver(text), log);
  }

  request(message: Message, replies: Replies, headers: readonly string[] = []): Exchange {
    const gone = this.#gone;
    if (gone !== undefined) {
      this.#requests.add(message, replies);
      queueMicrotask(() => this.#requests.fail(message, gone));
      return { cancel: () => void this.#requests.remove(message) };
    }
    this.#channel ??= this.#open();
    const post = new SsePost(message, replies, this.#channel, {
      onFailure: (error) => this.#postFailed(message, error),
      onCancel: () => void this.#requests.remove(message),
      onNotice: (notice) => this.send(notice),
    });
    this.#requests.add(message, post);
    post.send(headers);
    return post;
  }

  send(message: Message): void {
    if (this.#gone === undefined) this.#outbox.add(message);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#gone ??= new NotSentError('connection', 'The connection is closed');
    this.#requests.failAll(() => connectionLost('The connection is closed'));
    await this.#channel?.close();
  }

  #open(): SseChannel {
    const events = {
      onMessage: (value: unknown, text: string) => this.#requests.receive(value, text),
      onEnd: (error: Error, wasOpen: boolean) => this.#end(error, wasOpen),
    };
    return new SseChannel(this.#endpoint, events, this.#log, this.#credential, MAX_REDIRECTS);
  }

  #deliver(text: string): Promise<void> {
    return this.#channel?.deliver(text) ?? Promise.reject(new NotSentError('connection', 'Nothing was sent before'));
  }

  #postFailed(message: Message, error: unknown): void {
    this.#requests.fail(message, error);
    // Where a POST meets an unknown session the stream brings nothing any more.
    if (error instanceof NotSentError && error.what === 'session') this.#end(error, true);
  }

  #end(error: Error, wasOpen: boolean): void {
    this.#outbox.clear();
    if (this.#isClosed || this.#gone !== undefined) return;
    const reason = reasonOf(error);
    const what = error instanceof NotSentError ? error.what : 'connection';
    this.#gone = new NotSentError(what, reason);
    // Without an address nothing was sent yet.
    this.#requests.failAll(() => (wasOpen ? connectionLost(reason) : error));
    this.#channel?.close().catch(() => undefined);
    this.#events.onClosed(reason);
  }
}
