/** One subscription of a caller without a session, made of one at each server (2026-07-28, subscriptions). */
import { isRecord, recordOf } from '../../schema/json-schema.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  notificationMessage,
  resultMessage,
} from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';
import { SUBSCRIPTION_ID_META } from '../../upstream/protocol.ts';
import { INVALID_PARAMS } from '../failures.ts';
import { covers } from '../sharing/subscriptions.ts';
import { answerLater } from '../wrappers/answer-later.ts';
import { unlessTooDeep } from '../wrappers/too-deep.ts';
import { CHANGED_LISTS, type ChangedList, Changes, changedBy, changedMethod } from './changes.ts';
import { MemberListen } from './member-listen.ts';
import type { ModernLink } from './modern-link.ts';
import { listenResult } from './words.ts';

const MOST_URIS = 1_000;
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';

/** What a caller wants to be told. */
export interface Wish {
  readonly lists: readonly ChangedList[];
  readonly uris: readonly string[];
}

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

/** What a listen request asks for; undefined where that is no filter. */
export function wishOf({ params }: Message): Wish | undefined {
  const filter = params.notifications;
  if (!isRecord(filter)) return undefined;
  const { resourceSubscriptions: uris = [] } = filter;
  if (!Array.isArray(uris) || uris.length > MOST_URIS || !uris.every((uri) => typeof uri === 'string'))
    return undefined;
  return { lists: CHANGED_LISTS.filter((list) => filter[`${list}ListChanged`] === true), uris: [...new Set(uris)] };
}

/** What a filter says of them. */
function filterOf(lists: readonly ChangedList[], uris: readonly string[]): JsonObject {
  const flags = Object.fromEntries(lists.map((list) => [`${list}ListChanged`, true]));
  return uris.length === 0 ? flags : { ...flags, resourceSubscriptions: uris };
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
    const notifications = filterOf(options.lists, [...options.uris.values()].flat());
    // Nothing may be said before the request has returned.
    queueMicrotask(() => {
      this.#tell(notificationMessage(ACKNOWLEDGED, { notifications }));
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
    replies.onAnswer(resultMessage(message.id ?? '', listenResult(this.#tag)), 200);
  }

  cancel(): void {
    this.#stop();
  }

  get #tag(): JsonObject {
    return { [SUBSCRIPTION_ID_META]: this.#options.message.id };
  }

  #join(link: ModernLink): void {
    const uris = this.#options.uris.get(link.name) ?? [];
    const notifications = filterOf(this.#options.lists, uris);
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
    const tag = (value: JsonObject): JsonObject => {
      const params = recordOf(value.params);
      return { ...value, params: { ...params, _meta: { ...recordOf(params._meta), ...this.#tag } } };
    };
    const tagged = unlessTooDeep(() => edited(message, tag));
    if (tagged !== undefined) this.#options.replies.onMessage(tagged);
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
