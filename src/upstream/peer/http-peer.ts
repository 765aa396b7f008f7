/** A server of the old era over streamable HTTP: one session, each request a POST, and a stream for what it says unasked. */
import type { Log } from '../../log-sink.ts';
import type { Credential } from '../../oauth/credential.ts';
import { EventStream } from '../event-stream.ts';
import { HTTP_LIMITS, HttpSession } from '../http-session.ts';
import { type HttpEndpoint, OriginClient } from '../origin-client.ts';
import { UnderWaySet } from '../under-way.ts';
import { connectionLost, NotSentError } from '../wire.ts';
import { readMessages } from './batch.ts';
import { HttpPost, type PostEvents } from './http-post.ts';
import type { Message } from './message.ts';
import { Outbox } from './outbox.ts';
import type { Exchange, Peer, PeerEvents, Replies } from './peer.ts';
import { ProgressTokens } from './progress-tokens.ts';

/** Requests under way when the session is lost may still be answered, or be told the same by the server. */
const GRACE_MS = 2_000;

export class HttpPeer implements Peer {
  readonly era = 'legacy';
  readonly #events: PeerEvents;
  readonly #log: Log;
  readonly #session: HttpSession;
  readonly #outbox: Outbox;
  readonly #posts = new UnderWaySet<HttpPost>();
  /** For servers that send the progress of a request on the stream for what they say unasked. */
  readonly #tokens = new ProgressTokens();
  readonly #postEvents: PostEvents = {
    onEnd: (post) => this.#ended(post),
    onSessionLost: (reason) => this.#lose(reason),
    onNotice: (message) => this.send(message),
  };
  /** While the server is being told that the handshake is over: requests wait for it, or they could overtake it. */
  #handshake: Promise<void> | undefined;
  #stream: EventStream | undefined;
  /** What each request is told from now on. */
  #gone: NotSentError | undefined;
  /** Set while a lost session waits for its last requests. */
  #grace: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(endpoint: HttpEndpoint, events: PeerEvents, log: Log, credential?: Credential) {
    this.#events = events;
    this.#log = log;
    this.#session = new HttpSession(new OriginClient(endpoint, credential, HTTP_LIMITS), endpoint.url);
    this.#outbox = new Outbox((text) => this.#session.deliver(text), log);
  }

  request(message: Message, replies: Replies, headers: readonly string[] = []): Exchange {
    const post = new HttpPost(message, replies, this.#session, headers, this.#postEvents, this.#log);
    post.number = this.#posts.add(post);
    this.#tokens.add(message, replies);
    const gone = this.#gone;
    if (gone !== undefined) queueMicrotask(() => post.fail(gone));
    else if (this.#handshake !== undefined)
      this.#handshake.then(() => post.send()).catch((error: unknown) => post.fail(error));
    else post.send();
    return post;
  }

  send(message: Message): void {
    if (this.#gone !== undefined) return;
    if (message.method === 'notifications/initialized') this.#initialized(message);
    else this.#outbox.add(message);
  }

  close(): Promise<void> {
    this.#gone ??= new NotSentError('connection', 'The connection is closed');
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #initialized(message: Message): void {
    const delivered = this.#session.deliver(message.text).then(
      () => this.#listen(),
      () => this.#log.debug({}, 'the server did not accept the end of the handshake'),
    );
    const handshake = delivered.then(() => {
      if (this.#handshake === handshake) this.#handshake = undefined;
    });
    this.#handshake = handshake;
  }

  #listen(): void {
    if (this.#gone !== undefined || this.#stream !== undefined) return;
    this.#stream = new EventStream({
      open: (lastEventId, exchange) => void this.#session.client.sendOnce(this.#session.get(lastEventId), exchange),
      onData: (data) => {
        for (const message of readMessages(data)) this.#unasked(message);
      },
      onReopened: () => undefined,
      onSessionLost: () => this.#lose('The server forgot the session'),
    });
    this.#stream.start();
  }

  #unasked(message: Message): void {
    if (message.kind === 'answer') {
      this.#log.debug({}, 'an answer on the stream for other messages was ignored');
      return;
    }
    const owner = this.#tokens.ownerOf(message);
    if (owner === undefined) this.#events.onMessage(message);
    else owner.onMessage(message);
  }

  #ended(post: HttpPost): void {
    this.#posts.remove(post.number);
    this.#tokens.delete(post.message, post.replies);
    if (this.#grace !== undefined && this.#posts.size === 0) this.#finish();
  }

  /** From now on nothing can be sent; what is under way has a little time to end by itself. */
  #lose(reason: string): void {
    if (this.#gone !== undefined) return;
    this.#gone = new NotSentError('session', reason);
    this.#stream?.stop();
    this.#grace = setTimeout(() => this.#finish(), GRACE_MS).unref();
    if (this.#posts.size === 0) this.#finish();
  }

  #finish(): void {
    if (this.#closing !== undefined) return;
    this.close().catch(() => undefined);
    this.#events.onClosed(this.#gone?.message ?? '');
  }

  async #close(): Promise<void> {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#stream?.stop();
    this.#outbox.clear();
    for (const post of this.#posts.all()) post.fail(connectionLost('The connection is closed'));
    await this.#session.end();
    await this.#session.client.destroy();
  }
}
