/** Asks a caller to sign in at a server, in the way that the caller understands. Pure: messages in, messages out. */
import type { GatewayError } from '../../errors.ts';
import { isRecord } from '../../schema/json-schema.ts';
import type { Id } from '../../upstream/jsonrpc.ts';
import { errorMessage, type JsonObject, type Message, resultMessage } from '../../upstream/peer/message.ts';
import type { Peer } from '../../upstream/peer/peer.ts';
import { LATEST_LEGACY } from '../../upstream/protocol.ts';
import { failureMessage } from '../failures.ts';

/** MCP 2025-11-25, Elicitation, URL mode: `URLElicitationRequiredError`. */
const URL_ELICITATION_REQUIRED = -32042;
const CAPABILITIES_META = 'io.modelcontextprotocol/clientCapabilities';
/** Under which name we ask, and find the answer. */
const QUESTION = 'login';
/** The only ones that may be answered by a question (2026-07-28, multi round-trip requests). */
const ASKABLE = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** Whether the client opens addresses for its user: in `capabilities` of `initialize`. */
export function opensUrls(capabilities: unknown): boolean {
  const elicitation = isRecord(capabilities) ? capabilities.elicitation : undefined;
  return isRecord(elicitation) && isRecord(elicitation.url);
}

/** In the envelope of a request (2026-07-28). */
export function envelopeOpensUrls({ params: { _meta } }: Message): boolean {
  return isRecord(_meta) && opensUrls(_meta[CAPABILITIES_META]);
}

/** `error`: -32042 (2025-11-25); `round`: `input_required` (2026-07-28); `text`: whoever answers reads a sentence. */
export type Way = 'error' | 'round' | 'text';

export interface Client {
  readonly era: Peer['era'];
  /** The revision of a legacy session. */
  readonly version: string;
  readonly opensUrls: boolean;
}

/** How to tell the client about `told`, the refusal of `message`. An account that no login here can bring is no question. */
export function wayFor({ era, version, opensUrls }: Client, message: Message, told: GatewayError): Way {
  if (!opensUrls || urlOf(told) === undefined || told.code === 'identity_required') return 'text';
  if (era === 'legacy') return version === LATEST_LEGACY ? 'error' : 'text';
  return ASKABLE.has(message.method) && !isDeclined(message) ? 'round' : 'text';
}

/** The user was asked, and does not want to. */
function isDeclined({ params: { inputResponses } }: Message): boolean {
  const answer = isRecord(inputResponses) ? inputResponses[QUESTION] : undefined;
  return isRecord(answer) && (answer.action === 'decline' || answer.action === 'cancel');
}

/** Where the person has to go. */
export function urlOf({ body }: GatewayError): string | undefined {
  const url = body?.authorize_url;
  return typeof url === 'string' ? url : undefined;
}

/** -32042; `elicitationId` names the question until `notifications/elicitation/complete`. */
export function elicitationRequired(id: Id, told: GatewayError, elicitationId: string): Message {
  const elicitation = { mode: 'url', elicitationId, url: urlOf(told), message: told.message };
  return errorMessage(id, URL_ELICITATION_REQUIRED, told.message, { elicitations: [elicitation], error: told.code });
}

/** `input_required`; the retry brings `requestState` back. */
export function inputRequired(id: Id, told: GatewayError, requestState: string): Message {
  const params = { mode: 'url', message: told.message, url: urlOf(told) };
  const inputRequests = { [QUESTION]: { method: 'elicitation/create', params } };
  return resultMessage(id, { resultType: 'input_required', inputRequests, requestState });
}

/** The sentence, where a model or a person reads it. */
export function toldInWords(id: Id, era: Peer['era'], message: Message, told: GatewayError): Message {
  return message.method === 'tools/call' ? textResult(id, era, told.message, true) : failureMessage(id, told);
}

/** A tool's answer that is one text. */
export function textResult(id: Id, era: Peer['era'], text: string, isError: boolean): Message {
  const result: JsonObject = { content: [{ type: 'text', text }] };
  if (isError) result.isError = true;
  if (era === 'modern') result.resultType = 'complete';
  return resultMessage(id, result);
}
