/** The questions of an `input_required` result as requests that servers of older revisions send. Pure. */
import { randomUUID } from 'node:crypto';
import { isRecord, recordOf } from '../../schema/json-schema.ts';
import type { JsonObject } from '../../upstream/peer/message.ts';

/** One question, under the key that its answer goes back by. */
export interface Question {
  readonly key: string;
  readonly method: string;
  readonly params: JsonObject | undefined;
}

/** What to do next for a server that has not answered yet. */
export interface Round {
  readonly questions: readonly Question[];
  /** Opaque, sent back as it came. */
  readonly requestState: unknown;
}

const MOST_QUESTIONS = 100;

/** The next round of an `input_required` result; throws an error in words for the caller where it cannot be served. */
export function roundOf(result: JsonObject, capabilities: JsonObject): Round {
  const { inputRequests, requestState } = result;
  const entries = Object.entries(recordOf(inputRequests));
  if (entries.length === 0 && requestState === undefined) {
    throw new Error('The server wants input, but does not say which.');
  }
  if (entries.length > MOST_QUESTIONS) throw new Error('The server asks for too much input at once.');
  return { questions: entries.map(([key, entry]) => questionOf(key, entry, capabilities)), requestState };
}

function questionOf(key: string, entry: unknown, capabilities: JsonObject): Question {
  const { method, params } = recordOf(entry);
  if (typeof method !== 'string' || !ASKABLE.has(method)) {
    throw new Error('The server asks for a kind of input that clients of this protocol revision do not know.');
  }
  const asked = isRecord(params) ? params : undefined;
  if (!isDeclared(method, recordOf(asked), capabilities)) {
    throw new Error(`The server needs ${wordFor(method)}, which this client does not offer.`);
  }
  return { key, method, params: method === 'elicitation/create' ? elicitationParams(recordOf(asked)) : asked };
}

const ASKABLE = new Set(['elicitation/create', 'sampling/createMessage', 'roots/list']);

/** Whether the client has declared what a question needs (2025-11-25, Elicitation and Sampling, capabilities). */
function isDeclared(method: string, params: JsonObject, capabilities: JsonObject): boolean {
  if (method === 'roots/list') return isRecord(capabilities.roots);
  if (method === 'sampling/createMessage') {
    const { sampling } = capabilities;
    return isRecord(sampling) && (params.tools === undefined || isRecord(sampling.tools));
  }
  const { elicitation } = capabilities;
  if (!isRecord(elicitation)) return false;
  if (params.mode === 'url') return isRecord(elicitation.url);
  // Nothing said means forms, as before there was anything else.
  return isRecord(elicitation.form) || !isRecord(elicitation.url);
}

/** Since 2026-07-28 an address to open has no id of its own; in 2025-11-25 it must have one. */
function elicitationParams(params: JsonObject): JsonObject {
  if (params.mode !== 'url' || params.elicitationId !== undefined) return params;
  return { ...params, elicitationId: randomUUID() };
}

function wordFor(method: string): string {
  if (method === 'roots/list') return 'the list of roots';
  return method === 'sampling/createMessage'
    ? 'a message of a model (sampling)'
    : 'an answer of the user (elicitation)';
}
