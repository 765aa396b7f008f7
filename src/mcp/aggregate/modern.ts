/** All servers at one endpoint, for callers without sessions (2026-07-28). */
import { INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import { answerLater } from '../../upstream/peer/answer-later.ts';
import { errorMessage, type Message, resultMessage } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import { connectionLost } from '../../upstream/wire.ts';
import { CHANGED_LISTS } from '../capabilities.ts';
import { type ListenFilter, noFilter, readFilter } from '../subscriptions.ts';
import type { Directory } from './directory.ts';
import { errand, type Way } from './errand.ts';
import { Links } from './links.ts';
import { Listen } from './listen.ts';
import { LIST_BY_METHOD } from './lists.ts';
import { baggageOf, MemberLists } from './member-lists.ts';
import type { AggregateOptions } from './members.ts';
import { ModernLink } from './modern-link.ts';
import { Targets } from './targets.ts';
import { discoverResult, failureAt, UNCACHED, withLogger } from './words.ts';

/** Subscriptions of one caller that are open at a time. */
const MOST_LISTENS = 100;

export interface ModernOptions extends AggregateOptions {
  /** What this caller's lists have told; the only thing that outlives a request. */
  readonly directory: Directory;
}

export class AggregateModernPeer implements Peer {
  readonly era = 'modern';
  readonly #links: Links<ModernLink>;
  readonly #lists: MemberLists<ModernLink>;
  readonly #targets: Targets<ModernLink>;
  readonly #listens = new Set<Listen>();

  constructor({ members, notices, directory }: ModernOptions) {
    this.#links = new Links(members, (member) => new ModernLink(member));
    this.#lists = new MemberLists({
      links: this.#links,
      directory,
      notices,
      extras: UNCACHED,
      // The next request comes to another one of these.
      keepMs: 0,
      onFound: (list) => {
        for (const listen of this.#listens) listen.changed(list);
      },
      // Nobody has asked to be told.
      onMessage: () => undefined,
    });
    this.#targets = new Targets(this.#lists, directory, INVALID_PARAMS);
  }

  request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    return errand(replies, () => this.#wayOf(message, headers));
  }

  /** This era knows nothing that a caller could say outside a request. */
  send(): void {}

  /** Servers have come, gone or changed, or the caller may now use more of them: the lists are other ones. */
  membersChanged(): void {
    this.#lists.outdateAll();
    for (const listen of this.#listens) {
      listen.sync();
      for (const list of CHANGED_LISTS) listen.changed(list);
    }
  }

  async close(): Promise<void> {
    for (const listen of this.#listens) listen.end();
    await this.#links.close();
  }

  async #wayOf(message: Message, headers: readonly string[] | undefined): Promise<Way> {
    if (this.#links.isClosed) throw connectionLost('the endpoint has been closed');
    const { method } = message;
    const id = message.id ?? '';
    if (method === 'server/discover') {
      return { answer: resultMessage(id, discoverResult(this.#links.all().map(({ name }) => name))) };
    }
    if (method === 'subscriptions/listen') return this.#listen(message, headers);
    const list = LIST_BY_METHOD.get(method);
    if (list !== undefined) return this.#lists.list(message, list, headers);
    // Subscribing is for sessions.
    const target = method.endsWith('subscribe') ? undefined : await this.#targets.of(message, headers);
    if (target === undefined) {
      const text = `Method not found: ${method.slice(0, 100)}`;
      return { answer: errorMessage(id, METHOD_NOT_FOUND, text), status: 404 };
    }
    if (!('link' in target)) return target;
    return { send: (replies) => target.link.request(target.message, this.#passed(target.link, replies), headers) };
  }

  #passed(link: ModernLink, replies: Replies): Replies {
    return {
      // Servers ask nothing in this era.
      onMessage: (message) => {
        if (message.kind !== 'notification') return;
        replies.onMessage(message.method === 'notifications/message' ? withLogger(message, link.name) : message);
      },
      onAnswer: (answer, status) => {
        this.#lists.found(link.name);
        replies.onAnswer(answer, status);
      },
      onFailure: (error) => replies.onFailure(failureAt(link.name, error)),
    };
  }

  async #listen(message: Message, headers: readonly string[] | undefined): Promise<Way> {
    const id = message.id ?? '';
    const filter = readFilter(message);
    if (filter === undefined) return { answer: noFilter(id) };
    const uris = await this.#owned(filter, message, headers);
    const send = (replies: Replies): Exchange => {
      if (this.#listens.size >= MOST_LISTENS) {
        return answerLater(replies, errorMessage(id, INTERNAL_ERROR, 'Too many subscriptions are open'));
      }
      const listen: Listen = new Listen({
        message,
        headers,
        replies,
        lists: filter.lists,
        uris,
        links: () => this.#links.all(),
        nextId: () => this.#lists.nextId(),
        onChanged: (link, list) => this.#lists.outdate(link.name, list),
        onEnd: () => this.#listens.delete(listen),
      });
      this.#listens.add(listen);
      return listen;
    };
    return { send };
  }

  /** The resources by server; nobody's are left out. */
  async #owned(
    { uris }: ListenFilter,
    message: Message,
    headers: readonly string[] | undefined,
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const owned = new Map<string, string[]>();
    for (const uri of uris) {
      const owner = await this.#targets.ownerOf(uri, baggageOf(message, headers));
      if (owner === undefined) continue;
      const own = owned.get(owner.name);
      if (own === undefined) owned.set(owner.name, [uri]);
      else own.push(uri);
    }
    return owned;
  }
}
