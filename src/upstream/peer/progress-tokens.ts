/** Which request a progress notification belongs to: the one that named its token. */
import { isRecord } from '../../schema/json-schema.ts';
import type { Message } from './message.ts';
import type { Replies } from './peer.ts';

export class ProgressTokens {
  readonly #owners = new Map<unknown, Replies>();

  /** Remembers the token of a request, if it has one; of two that name the same the younger one hears of it. */
  add(request: Message, replies: Replies): void {
    const token = tokenOf(request);
    if (token !== undefined) this.#owners.set(token, replies);
  }

  delete(request: Message, replies: Replies): void {
    const token = tokenOf(request);
    if (token !== undefined && this.#owners.get(token) === replies) this.#owners.delete(token);
  }

  /** Who waits for this message, if it reports progress. */
  ownerOf(message: Message): Replies | undefined {
    if (message.method !== 'notifications/progress' || message.kind !== 'notification') return undefined;
    return this.#owners.get(message.params.progressToken);
  }
}

/** MCP, progress: a string or a number. */
function tokenOf(request: Message): string | number | undefined {
  const meta = request.params._meta;
  const token = isRecord(meta) ? meta.progressToken : undefined;
  return typeof token === 'string' || typeof token === 'number' ? token : undefined;
}
