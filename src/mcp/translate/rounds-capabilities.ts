/** What a caller lets a server ask it: the same three capabilities in both eras. */
import { isRecord } from '../../schema/json-schema.ts';
import type { JsonObject, Message } from '../../upstream/peer/message.ts';

/** The capabilities to ask back, and their parts, that revisions know; others would make each caller a session of its own. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  elicitation: ['form', 'url'],
  sampling: ['context', 'tools'],
  // Nobody could say when they change: no listChanged.
  roots: [],
};

/** Of the capabilities that a caller declares, those that let a server ask it; as `initialize` names them. */
export function askingCapabilities(declared: JsonObject): JsonObject {
  const asking: JsonObject = {};
  for (const [name, parts] of Object.entries(PARTS)) {
    const capability = declared[name];
    if (!isRecord(capability)) continue;
    asking[name] = Object.fromEntries(parts.filter((part) => isRecord(capability[part])).map((part) => [part, {}]));
  }
  return asking;
}

/** Whether a caller with these capabilities may be asked this (2026-07-28, Multi Round-Trip Requests: never what it did not declare). */
export function mayAsk(declared: JsonObject, question: Message): boolean {
  const { params } = question;
  switch (question.method) {
    case 'elicitation/create':
      return mayElicit(declared.elicitation, params.mode === 'url' ? 'url' : 'form');
    case 'sampling/createMessage': {
      const { sampling } = declared;
      if (!isRecord(sampling)) return false;
      return (params.tools === undefined && params.toolChoice === undefined) || isRecord(sampling.tools);
    }
    case 'roots/list':
      return isRecord(declared.roots);
    default:
      return false;
  }
}

/** A bare `{}` is the form of the revisions before there were modes. */
function mayElicit(elicitation: unknown, mode: 'form' | 'url'): boolean {
  if (!isRecord(elicitation)) return false;
  if (isRecord(elicitation[mode])) return true;
  return mode === 'form' && elicitation.url === undefined;
}
