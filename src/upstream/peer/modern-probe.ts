/** One question to a server of unknown era: `server/discover`. */
import type { Endpoint } from '../../config/model.ts';
import { listOf } from '../../schema/json-schema.ts';
import { MODERN, MODERN_ERRORS, MODERN_META } from '../protocol.ts';
import { badAnswer, unavailable } from '../wire.ts';
import { type Message, requestMessage } from './message.ts';
import { StatusError } from './modern-answer.ts';
import type { Peer } from './peer.ts';

export interface Era {
  readonly isModern: boolean;
  /** The answer to `server/discover`, where it is one. */
  readonly discovered: Message | undefined;
  /** The child ended before it answered, which may have other reasons. */
  readonly hasDied?: true;
}

const QUESTION = requestMessage('lk-discover', 'server/discover', { _meta: MODERN_META });
const LEGACY: Era = { isModern: false, discovered: undefined };
const DEAD: Era = { ...LEGACY, hasDied: true };
const MODERN_ALONE: Era = { isModern: true, discovered: undefined };
/** 4xx that are about the moment rather than about the request. */
const PASSING = new Set([408, 425, 429]);

/**
 * Over stdio whatever is no result says `legacy`: an error, silence for `ms`, and for now the end of the child. Over HTTP
 * an error that only 2026-07-28 knows says `modern`, and any other answer that is the server's own says `legacy`; rejects
 * where it is none: silence, no connection, 5xx, and 401 and 403, which are about who asks.
 */
export function askEra(peer: Peer, kind: Endpoint['kind'], ms: number): Promise<Era> {
  const isStdio = kind === 'stdio';
  return new Promise((resolve, reject) => {
    const exchange = peer.request(QUESTION, {
      onMessage: () => undefined,
      onAnswer: (answer, status) => {
        clearTimeout(timer);
        if (!isStdio && saysNothing(status)) reject(badAnswer(`The server answered HTTP ${status}.`));
        else resolve(eraOf(answer, isStdio));
      },
      onFailure: (error) => {
        clearTimeout(timer);
        if (isStdio) resolve(DEAD);
        else if (error instanceof StatusError && !saysNothing(error.answered)) resolve(LEGACY);
        else reject(error);
      },
    });
    // Not before: where the request throws, nobody would end it.
    const timer = setTimeout(() => {
      exchange.cancel();
      if (isStdio) resolve(LEGACY);
      else reject(unavailable(`The server did not answer within ${ms / 1000} seconds; try again shortly.`, 5));
    }, ms).unref();
  });
}

function eraOf(answer: Message, isStdio: boolean): Era {
  if (answer.result === undefined) return isStdio || !MODERN_ERRORS.has(answer.error?.code) ? LEGACY : MODERN_ALONE;
  return listOf(answer.result.supportedVersions).includes(MODERN) ? { isModern: true, discovered: answer } : LEGACY;
}

function saysNothing(status: number): boolean {
  return status >= 500 || PASSING.has(status);
}
