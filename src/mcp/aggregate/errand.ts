/** A request whose way must be found first. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';

/** Either the answer, or who sends the request on. */
export type Way =
  | { readonly answer: Message; readonly status?: number }
  | { readonly send: (replies: Replies) => Exchange };

/** Finds the way and goes it; what `find` throws is the failure. Nobody who has cancelled hears of it. */
export function errand(replies: Replies, find: () => Promise<Way>): Exchange {
  let isCancelled = false;
  let sent: Exchange | undefined;
  const go = (way: Way): void => {
    if (isCancelled) return;
    if ('answer' in way) replies.onAnswer(way.answer, way.status ?? 200);
    else sent = way.send(replies);
  };
  find()
    .then(go)
    .catch((error: unknown) => {
      if (!isCancelled) replies.onFailure(error);
    });
  return {
    cancel(notice) {
      if (isCancelled) return;
      isCancelled = true;
      sent?.cancel(notice);
    },
  };
}
