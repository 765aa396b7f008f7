/** Answers that we give ourselves to a request: never before it has returned, and not where it was cancelled meanwhile. */
import type { Message } from './message.ts';
import type { Exchange, Replies } from './peer.ts';

/** Answers once `answer` is there; a rejection is the failure. */
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

/** Fails it a moment later. */
export function failLater(replies: Replies, error: unknown): Exchange {
  let waits = true;
  queueMicrotask(() => {
    if (waits) replies.onFailure(error);
  });
  return {
    cancel: () => {
      waits = false;
    },
  };
}
