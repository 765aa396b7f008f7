/** `subscriptions/listen` of 2026-07-28 in front of a server that tells changes without being asked, and resources by subscription. */
import { isRecord } from '../../schema/json-schema.ts';
import type { Id } from '../../upstream/jsonrpc.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  notificationMessage,
  requestMessage,
  resultMessage,
} from '../../upstream/peer/message.ts';
import type { Peer, Replies } from '../../upstream/peer/peer.ts';
import { SUBSCRIPTION_ID_META } from '../../upstream/protocol.ts';
import { INVALID_PARAMS } from '../failures.ts';
import type { SharedPeer } from '../sharing/shared-peer.ts';
import { covers } from '../sharing/subscriptions.ts';
import { unlessTooDeep } from '../wrappers/too-deep.ts';
import { modernResult } from './legacy-as-modern-answers.ts';

const LISTS = ['tools', 'prompts', 'resources'] as const;
const MOST_URIS = 1_000;
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
    const filter = this.#request.params.notifications;
    if (!isFilter(filter)) {
      this.#end();
      const text = '"notifications" is missing, or is no filter of notifications.';
      this.#replies.onAnswer(errorMessage(this.#id, INVALID_PARAMS, text), 200);
      return;
    }
    const honored = await this.#subscribe(honoredOf(filter, welcome));
    if (this.#over) return;
    this.#tell(notificationMessage('notifications/subscriptions/acknowledged', { notifications: honored }));
    if (Object.keys(honored).length === 0) this.#complete();
    const early = this.#early ?? new Map<string, Message>();
    this.#early = undefined;
    for (const message of early.values()) this.#tell(message);
  }

  /** Sets up what is to be passed on; returns it without the resources that the server does not let us subscribe to. */
  async #subscribe(honored: JsonObject): Promise<JsonObject> {
    for (const list of LISTS)
      if (honored[`${list}ListChanged`]) this.#methods.add(`notifications/${list}/list_changed`);
    const { resourceSubscriptions, ...rest } = honored;
    const wanted = Array.isArray(resourceSubscriptions) ? (resourceSubscriptions as string[]) : [];
    for (const uri of wanted) this.#uris.add(uri);
    const taken = await Promise.all(wanted.map((uri) => this.#subscribeTo(uri)));
    const uris = wanted.filter((_, index) => taken[index]);
    return uris.length === 0 ? rest : { ...rest, resourceSubscriptions: uris };
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
    const tag = { [SUBSCRIPTION_ID_META]: this.#id };
    const tagged = unlessTooDeep(() =>
      edited(message, (value) => {
        const params = isRecord(value.params) ? value.params : {};
        return { ...value, params: { ...params, _meta: { ...(isRecord(params._meta) ? params._meta : {}), ...tag } } };
      }),
    );
    if (tagged !== undefined) this.#replies.onMessage(tagged);
  }

  /** Ends it from our side: nothing more will come. */
  #complete(): void {
    if (!this.#end()) return;
    const result = { _meta: { [SUBSCRIPTION_ID_META]: this.#id } };
    const written = (welcome: Message | undefined): Message =>
      resultMessage(this.#id, modernResult(result, this.#request.method, welcome));
    // Who the server is may be what cannot be written.
    this.#replies.onAnswer(unlessTooDeep(() => written(this.#shared.welcome)) ?? written(undefined), 200);
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

function isFilter(filter: unknown): filter is JsonObject {
  if (!isRecord(filter)) return false;
  const { resourceSubscriptions: uris } = filter;
  if (uris === undefined) return true;
  return Array.isArray(uris) && uris.length <= MOST_URIS && uris.every((uri) => typeof uri === 'string');
}

/** What is asked for and the server can do; the acknowledgement says so. */
function honoredOf(filter: JsonObject, welcome: Message): JsonObject {
  const capabilities = (welcome.result?.capabilities ?? {}) as Record<string, JsonObject | undefined>;
  const honored: JsonObject = {};
  for (const list of LISTS) {
    const name = `${list}ListChanged`;
    if (filter[name] === true && capabilities[list]?.listChanged === true) honored[name] = true;
  }
  const uris = new Set(filter.resourceSubscriptions as string[] | undefined);
  if (uris.size > 0 && capabilities.resources?.subscribe === true) honored.resourceSubscriptions = [...uris];
  return honored;
}
