/** Holds a peer to what the contract says: a request never throws, whatever its message is. */
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';

/** `peer.request`; what it throws is the failure of the request, told a moment later. */
export function requestSafely(
  peer: Peer,
  message: Message,
  replies: Replies,
  headers: readonly string[] | undefined,
): Exchange {
  try {
    return peer.request(message, replies, headers);
  } catch (error) {
    return failed(replies, error);
  }
}

function failed(replies: Replies, error: unknown): Exchange {
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
