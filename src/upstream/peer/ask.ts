/** One request of our own to a server, for those who only want its answer. */
import { type StopSignal, unavailable } from '../wire.ts';
import type { Message } from './message.ts';
import type { Peer } from './peer.ts';

export interface AskOptions {
  /** How long the answer may take, in milliseconds; without it the time limits of the peer alone hold. */
  readonly ms?: number;
  /** What belongs to the request and comes before the answer; dropped where nobody takes it. */
  readonly onMessage?: (message: Message) => void;
  /** Aborted when nobody wants the answer any more. */
  readonly stop?: StopSignal;
  /** As of `Peer.request`. */
  readonly headers?: readonly string[] | undefined;
}

/**
 * Resolves with the answer, be it a result or an error. Rejects with the failure that the peer tells or throws, with the
 * reason of `stop`, and with 503 after `ms`; in the last two cases the request is cancelled, and not even sent where `stop`
 * was aborted before.
 */
export function ask(
  peer: Pick<Peer, 'request'>,
  request: Message,
  { ms, onMessage = () => undefined, stop, headers }: AskOptions = {},
): Promise<Message> {
  return new Promise((resolve, reject) => {
    if (stop?.aborted) throw stop.reason;
    const ended = (): void => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', onStop);
    };
    const giveUp = (why: unknown): void => {
      ended();
      exchange.cancel();
      reject(why);
    };
    const onStop = (): void => giveUp(stop?.reason);
    const onAnswer = (answer: Message): void => {
      ended();
      resolve(answer);
    };
    const onFailure = (error: unknown): void => {
      ended();
      reject(error);
    };
    const exchange = peer.request(request, { onMessage, onAnswer, onFailure }, headers);
    // Not before: where the request throws, nobody would end them.
    const timer = ms === undefined ? undefined : setTimeout(() => giveUp(late()), ms);
    stop?.addEventListener('abort', onStop);
  });
}

function late(): Error {
  return unavailable('The server did not answer in time.', 5);
}
