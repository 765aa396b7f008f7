/** Answers that we give ourselves to a request. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Replies } from '../../upstream/peer/peer.ts';

/** Answers once `answer` is there, and never before the request has returned; a rejection is the failure. */
export function answerLater(replies: Replies, answer: Message | Promise<Message>, status = 200): Exchange {
  let waits = true;
  Promise.resolve(answer)
    .then((message) => {
      if (waits) replies.onAnswer(message, status);
    })
    .catch((error: unknown) => {
      if (waits) replies.onFailure(error);
    });
  return {
    cancel: () => {
      waits = false;
    },
  };
}
