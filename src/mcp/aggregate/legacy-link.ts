/** A server with sessions behind the endpoint over several: its session is opened when something is asked of it first. */
import type { GatewayError } from '../../errors.ts';
import { isRecord } from '../../schema/json-schema.ts';
import { ask } from '../../upstream/peer/ask.ts';
import { type JsonObject, type Message, notificationMessage, requestMessage } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import { connectionLost, unavailable } from '../../upstream/wire.ts';
import { errand } from './errand.ts';
import type { Link } from './links.ts';
import type { ListSpec } from './lists.ts';
import type { Member } from './members.ts';

/** The caller's session, as its links need it. */
export interface LegacyHost {
  /** The params of the caller's `initialize`. */
  readonly handshake: () => JsonObject;
  readonly nextId: () => string;
  readonly onMessage: (link: LegacyLink, message: Message) => void;
  /** A new session with the server, which knows nothing of what was said in one before. */
  readonly onOpened: (link: LegacyLink) => void;
  readonly onGone: (link: LegacyLink) => void;
}

export class LegacyLink implements Link {
  #member: Member;
  readonly #host: LegacyHost;
  /** Being opened, or open. */
  #peer: Peer | undefined;
  #opening: Promise<Peer> | undefined;
  #open: Peer | undefined;
  #capabilities: Readonly<JsonObject> = {};
  /** The server behind the session is another one now. */
  #isStale = false;
  #isClosed = false;

  constructor(member: Member, host: LegacyHost) {
    this.#member = member;
    this.#host = host;
  }

  get member(): Member {
    return this.#member;
  }

  get name(): string {
    return this.#member.name;
  }

  /** Whether there is a session with a server that declares this capability. */
  has(capability: string): boolean {
    return this.#open !== undefined && this.#capabilities[capability] !== undefined;
  }

  /** Servers that keep quiet about prompts and resources may also keep quiet when they are asked for them. */
  async offers({ capability }: ListSpec, headers: readonly string[] | undefined): Promise<boolean> {
    await this.#ready(headers);
    return capability === 'tools' || this.#capabilities[capability] !== undefined;
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    if (this.#open !== undefined && !this.#isStale) return this.#open.request(message, replies, headers);
    return errand(replies, async () => {
      const peer = await this.#ready(headers);
      return { send: (all) => peer.request(message, all, headers) };
    });
  }

  /** A notification or an answer; dropped where there is no session. */
  send(message: Message): void {
    this.#open?.send(message);
  }

  /** The session itself has been given a new server: what that can do is asked before anything else. */
  become(member: Member): void {
    const isOther = member.hash !== this.#member.hash;
    this.#member = member;
    // One that is being opened answers for the server that it ends up with.
    if (!isOther || this.#open === undefined || this.#isStale) return;
    this.#isStale = true;
    this.#opening = undefined;
  }

  leave(): void {
    this.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const peer = this.#peer;
    this.#forget();
    await peer?.close();
  }

  #forget(): void {
    this.#peer = undefined;
    this.#opening = undefined;
    this.#open = undefined;
    this.#isStale = false;
  }

  #ready(headers: readonly string[] | undefined): Promise<Peer> {
    if (this.#isClosed) return Promise.reject(connectionLost('the session has ended'));
    this.#opening ??= this.#start(headers);
    return this.#opening;
  }

  #start(headers: readonly string[] | undefined): Promise<Peer> {
    const peer = this.#open ?? this.#newPeer();
    return this.#initialize(peer, headers).catch((error: unknown) => {
      if (this.#peer === peer) this.#forget();
      peer.close().catch(() => undefined);
      throw error;
    });
  }

  #newPeer(): Peer {
    const isCurrent = (): boolean => this.#peer === peer;
    const peer = this.#member.open({
      onMessage: (message) => {
        if (isCurrent()) this.#host.onMessage(this, message);
      },
      onClosed: () => {
        if (!isCurrent()) return;
        this.#forget();
        this.#host.onGone(this);
      },
    });
    this.#peer = peer;
    return peer;
  }

  async #initialize(peer: Peer, headers: readonly string[] | undefined): Promise<Peer> {
    const request = requestMessage(this.#host.nextId(), 'initialize', this.#host.handshake());
    const onMessage = (message: Message): void => this.#host.onMessage(this, message);
    const answer = await ask(peer, request, { onMessage, headers });
    if (answer.result === undefined) throw this.#refused(answer);
    if (this.#peer !== peer) throw connectionLost('the session ended while it was being opened');
    const { capabilities } = answer.result;
    this.#capabilities = isRecord(capabilities) ? capabilities : {};
    peer.send(notificationMessage('notifications/initialized'));
    this.#open = peer;
    this.#isStale = false;
    this.#host.onOpened(this);
    return peer;
  }

  #refused({ error }: Message): GatewayError {
    const reason = typeof error?.message === 'string' ? error.message.slice(0, 500) : undefined;
    return unavailable(`The server "${this.name}" did not start a session.`, 10, reason);
  }
}
