/** One subscription of a caller without a session, made of one at each server (2026-07-28, subscriptions). */
import { recordOf } from '../../schema/json-schema.ts';
import { INVALID_PARAMS } from '../../upstream/jsonrpc.ts';
import { answerLater } from '../../upstream/peer/answer-later.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  notificationMessage,
  unlessTooDeep,
} from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';
import { CLIENT_INFO } from '../../upstream/protocol.ts';
import { type ChangedList, changedBy, changedMethod } from '../capabilities.ts';
import { covers } from '../sharing/subscriptions.ts';
import { acknowledgement, endOfStream, tagged, writtenFilter } from '../subscriptions.ts';
import { Changes } from './changes.ts';
import { MemberListen } from './member-listen.ts';
import type { ModernLink } from './modern-link.ts';

export interface ListenOptions {
  readonly message: Message;
  readonly headers: readonly string[] | undefined;
  readonly replies: Replies;
  readonly lists: readonly ChangedList[];
  /** Resources by the server that they belong to. */
  readonly uris: ReadonlyMap<string, readonly string[]>;
  /** The servers now. */
  readonly links: () => readonly ModernLink[];
  readonly nextId: () => string;
  readonly onChanged: (link: ModernLink, list: ChangedList) => void;
  readonly onEnd: () => void;
}

export class Listen implements Exchange {
  readonly #options: ListenOptions;
  readonly #changes: Changes;
  readonly #members = new Map<ModernLink, MemberListen>();
  #isOver = false;

  /** Acknowledges what is honored at once; servers that cannot be reached are tried again as long as this lasts. */
  constructor(options: ListenOptions) {
    this.#options = options;
    this.#changes = new Changes((list) => this.#tell(notificationMessage(changedMethod(list))));
    const notifications = writtenFilter({ lists: options.lists, uris: [...options.uris.values()].flat() });
    // Nothing may be said before the request has returned.
    queueMicrotask(() => {
      this.#tell(acknowledgement(notifications));
      if (Object.keys(notifications).length === 0) this.end();
      this.sync();
    });
  }

  /** Listens to servers that have come, or have refused before, and no more to those that are gone. */
  sync(): void {
    if (this.#isOver) return;
    const links = new Set(this.#options.links());
    for (const [link, member] of this.#members) {
      if (links.has(link) && !member.isOver) continue;
      member.cancel();
      this.#members.delete(link);
    }
    for (const link of links) if (!this.#members.has(link)) this.#join(link);
  }

  /** Tells that a list has changed, if that is wanted. */
  changed(list: ChangedList): void {
    if (!this.#isOver && this.#options.lists.includes(list)) this.#changes.changed(list);
  }

  /** Ends it from our side. */
  end(): void {
    if (!this.#stop()) return;
    const { message, replies } = this.#options;
    replies.onAnswer(endOfStream(message.id ?? '', CLIENT_INFO), 200);
  }

  cancel(): void {
    this.#stop();
  }

  #join(link: ModernLink): void {
    const uris = this.#options.uris.get(link.name) ?? [];
    const notifications = writtenFilter({ lists: this.#options.lists, uris });
    if (Object.keys(notifications).length === 0) return;
    const member = new MemberListen({
      send: (replies) => this.#send(link, notifications, replies),
      onMessage: (message) => this.#onMessage(link, uris, message),
      // What changed meanwhile nobody has told.
      onAgain: () => {
        for (const list of this.#options.lists) this.#onChanged(link, list);
      },
    });
    this.#members.set(link, member);
  }

  #send(link: ModernLink, notifications: JsonObject, replies: Replies): Exchange {
    const { message, headers } = this.#options;
    const id = this.#options.nextId();
    const request = unlessTooDeep(() =>
      edited(message, (value) => ({ ...value, id, params: { ...recordOf(value.params), notifications } })),
    );
    if (request !== undefined) return link.request(request, replies, headers);
    return answerLater(replies, errorMessage(id, INVALID_PARAMS, 'The parameters are nested too deeply.'));
  }

  #onMessage(link: ModernLink, uris: readonly string[], message: Message): void {
    const list = changedBy(message.method);
    if (list !== undefined) this.#onChanged(link, list);
    const { uri } = message.params;
    if (message.method !== 'notifications/resources/updated' || typeof uri !== 'string') return;
    if (uris.some((one) => covers(one, uri))) this.#tell(message);
  }

  #onChanged(link: ModernLink, list: ChangedList): void {
    this.#options.onChanged(link, list);
    this.changed(list);
  }

  #tell(message: Message): void {
    if (this.#isOver) return;
    const { message: request, replies } = this.#options;
    const told = tagged(message, request.id ?? '');
    if (told !== undefined) replies.onMessage(told);
  }

  /** False where it had ended before. */
  #stop(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#changes.close();
    for (const member of this.#members.values()) member.cancel();
    this.#members.clear();
    this.#options.onEnd();
    return true;
  }
}
