/** What servers ask one caller: each question gets an id of ours, since those of two servers may be alike. */
import { recordOf } from '../../schema/json-schema.ts';
import { type Id, INTERNAL_ERROR, INVALID_PARAMS } from '../../upstream/jsonrpc.ts';
import {
  edited,
  errorMessage,
  type JsonObject,
  type Message,
  notificationMessage,
  unlessTooDeep,
  withId,
} from '../../upstream/peer/message.ts';
import type { LegacyLink } from './legacy-link.ts';

/** Questions of one server that wait for an answer; one more, and the oldest is forgotten. */
const MOST_OF_ONE = 100;

interface Ask {
  readonly link: LegacyLink;
  /** As the server knows it. */
  readonly id: Id;
  /** The server's `progressToken`; ours is our id. */
  readonly token: unknown;
}

/** To whom something goes, and as what. */
interface Delivery {
  readonly link: LegacyLink;
  readonly message: Message;
}

export class Asks {
  readonly #asks = new Map<Id, Ask>();
  #lastId = 0;

  /** The request of a server, as the caller gets it; undefined for one that nobody can pass on, which is refused. */
  asked(link: LegacyLink, request: Message): Message | undefined {
    const id = this.#lastId + 1;
    const token = recordOf(request.params._meta).progressToken;
    const change = (value: JsonObject): JsonObject => (token === undefined ? { ...value, id } : withToken(value, id));
    const passed = unlessTooDeep(() => edited(request, change));
    if (passed === undefined) {
      link.send(errorMessage(request.id ?? '', INVALID_PARAMS, 'The parameters are nested too deeply.'));
      return undefined;
    }
    this.#lastId = id;
    const own = [...this.#asks].filter(([, ask]) => ask.link === link);
    const [oldest] = own;
    if (oldest !== undefined && own.length >= MOST_OF_ONE) this.#asks.delete(oldest[0]);
    this.#asks.set(id, { link, id: request.id ?? '', token });
    return passed;
  }

  /** The caller's answer, as the server waits for it; undefined for an answer to nothing. */
  answered(answer: Message): Delivery | undefined {
    const ask = this.#take(answer.id);
    if (ask === undefined) return undefined;
    const tooDeep = (): Message => errorMessage(ask.id, INTERNAL_ERROR, 'The answer is nested too deeply.');
    return { link: ask.link, message: unlessTooDeep(() => withId(answer, ask.id)) ?? tooDeep() };
  }

  /** The caller's progress with a question, as the server knows it. */
  progressed(notification: Message): Delivery | undefined {
    const ask = this.#asks.get(notification.params.progressToken as Id);
    if (ask === undefined || ask.token === undefined) return undefined;
    const change = (value: JsonObject): JsonObject => ({
      ...value,
      params: { ...recordOf(value.params), progressToken: ask.token },
    });
    const message = unlessTooDeep(() => edited(notification, change));
    return message && { link: ask.link, message };
  }

  /** A server does not want to know any more: its notification, as the caller gets it. */
  cancelled(link: LegacyLink, notification: Message): Message | undefined {
    const { requestId } = notification.params;
    for (const [id, ask] of this.#asks) {
      if (ask.link !== link || ask.id !== requestId) continue;
      this.#asks.delete(id);
      return notificationMessage('notifications/cancelled', { requestId: id, ...reasonIn(notification) });
    }
    return undefined;
  }

  /** The server is gone: what tells the caller that nobody waits for its answers. */
  gone(link: LegacyLink): Message[] {
    const own = [...this.#asks].filter(([, ask]) => ask.link === link);
    return own.map(([requestId]) => {
      this.#asks.delete(requestId);
      return notificationMessage('notifications/cancelled', { requestId, reason: 'The server has gone' });
    });
  }

  #take(id: Id | undefined): Ask | undefined {
    if (id === undefined) return undefined;
    const ask = this.#asks.get(id);
    this.#asks.delete(id);
    return ask;
  }
}

function reasonIn({ params: { reason } }: Message): JsonObject {
  return typeof reason === 'string' ? { reason } : {};
}

/** Both the id and the token. */
function withToken(value: JsonObject, id: Id): JsonObject {
  const params = recordOf(value.params);
  const progressToken = id;
  return { ...value, id, params: { ...params, _meta: { ...recordOf(params._meta), progressToken } } };
}
