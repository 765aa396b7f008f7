/** How a server of the old era is told that nobody waits any more. */
import { type Message, notificationMessage } from './message.ts';

/**
 * The notification that ends `request` at the server: the caller's own, if there is one. Undefined for `initialize`,
 * which must not be cancelled (2025-11-25, Cancellation, behavior requirements 2).
 */
export function cancelledMessage(request: Message, notice: Message | undefined): Message | undefined {
  if (request.method === 'initialize') return undefined;
  const params = { requestId: request.id, reason: 'The caller gave up' };
  return notice ?? notificationMessage('notifications/cancelled', params);
}
