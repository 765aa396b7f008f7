/** `subscriptions/listen` of 2026-07-28 in front of a server that tells changes without being asked, and resources by subscription. */
import { recordOf } from '../../schema/json-schema.ts';
import type { Id } from '../../upstream/jsonrpc.ts';
import { type Message, requestMessage, unlessTooDeep } from '../../upstream/peer/message.ts';
import type { Peer, Replies } from '../../upstream/peer/peer.ts';
import { announces, changedMethod } from '../capabilities.ts';
import type { SharedPeer } from '../sharing/shared-peer.ts';
import { covers } from '../sharing/subscriptions.ts';
import {
  acknowledgement,
  endOfStream,
  type ListenFilter,
  MOST_URIS,
  noFilter,
  readFilter,
  tagged,
  writtenFilter,
} from '../subscriptions.ts';

/** How long a server may take to take subscriptions. */
const SUBSCRIBE_MS = 10_000;

export class Listening {
  readonly #shared: SharedPeer;
  readonly #request: Message;
  readonly #replies: Replies;
  readonly #onEnd: () => void;
  readonly #view: Peer;
  /** Methods of notifications that are wanted. */
  readonly #methods = new Set<string>();
  readonly #uris = new Set<string>();
  /** What changed before the first message could be sent. */
  #early: Map<string, Message> | undefined = new Map();
  #over = false;

  /** Throws 503 where too many use the server. */
  constructor(shared: SharedPeer, request: Message, replies: Replies, onEnd: () => void) {
    this.#shared = shared;
    this.#request = request;
    this.#replies = replies;
    this.#onEnd = onEnd;
    this.#view = shared.caller({
      onMessage: (message) => this.#changed(message),
      onClosed: () => this.#complete(),
    });
  }

  start(): void {
    this.#begin().catch((error: unknown) => {
      if (this.#end()) this.#replies.onFailure(error);
    });
  }

  cancel(): void {
    this.#end();
  }

  abandon(error: unknown): void {
    if (this.#end()) this.#replies.onFailure(error);
  }

  async #begin(): Promise<void> {
    const welcome = await this.#shared.opened();
    if (this.#over) return;
    const filter = readFilter(this.#request);
    if (filter === undefined) {
      this.#end();
      this.#replies.onAnswer(noFilter(this.#id), 200);
      return;
    }
    const honored = writtenFilter(await this.#subscribe(honoredOf(filter, welcome)));
    if (this.#over) return;
    this.#tell(acknowledgement(honored));
    if (Object.keys(honored).length === 0) this.#complete();
    const early = this.#early ?? new Map<string, Message>();
    this.#early = undefined;
    for (const message of early.values()) this.#tell(message);
  }

  /** Sets up what is to be passed on; returns it without the resources that the server does not let us subscribe to. */
  async #subscribe({ lists, uris }: ListenFilter): Promise<ListenFilter> {
    for (const list of lists) this.#methods.add(changedMethod(list));
    for (const uri of uris) this.#uris.add(uri);
    const taken = await Promise.all(uris.map((uri) => this.#subscribeTo(uri)));
    return { lists, uris: uris.filter((_, index) => taken[index]) };
  }

  #subscribeTo(uri: string): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), SUBSCRIBE_MS);
      const settle = (isTaken: boolean): void => {
        clearTimeout(timer);
        resolve(isTaken);
      };
      this.#view.request(requestMessage(uri, 'resources/subscribe', { uri }), {
        onMessage: () => undefined,
        onAnswer: ({ error }) => settle(error === undefined),
        onFailure: () => settle(false),
      });
    });
  }

  #changed(message: Message): void {
    const { method } = message;
    const { uri } = message.params;
    const isUpdate = method === 'notifications/resources/updated' && typeof uri === 'string' && this.#wants(uri);
    if (!isUpdate && !this.#methods.has(method)) return;
    if (this.#early === undefined) this.#tell(message);
    else if (this.#early.size < MOST_URIS) this.#early.set(isUpdate ? `${method} ${uri}` : method, message);
  }

  #wants(uri: string): boolean {
    return [...this.#uris].some((subscribed) => covers(subscribed, uri));
  }

  #tell(message: Message): void {
    if (this.#over) return;
    const told = tagged(message, this.#id);
    if (told !== undefined) this.#replies.onMessage(told);
  }

  /** Ends it from our side: nothing more will come. */
  #complete(): void {
    if (!this.#end()) return;
    const end = unlessTooDeep(endOfStream, this.#id, this.#shared.welcome?.result?.serverInfo);
    // Who the server is may be what cannot be written.
    this.#replies.onAnswer(end ?? endOfStream(this.#id, undefined), 200);
  }

  get #id(): Id {
    return this.#request.id as Id;
  }

  /** False where it had ended before. */
  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#onEnd();
    this.#view.close().catch(() => undefined);
    return true;
  }
}

/** What is asked for and the server can do; the acknowledgement says so. */
function honoredOf({ lists, uris }: ListenFilter, welcome: Message): ListenFilter {
  const capabilities = recordOf(welcome.result?.capabilities);
  const canSubscribe = recordOf(capabilities.resources).subscribe === true;
  return { lists: lists.filter((list) => announces(capabilities, list)), uris: canSubscribe ? uris : [] };
}
