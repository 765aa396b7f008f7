/** The envelope of 2026-07-28 (`params._meta`): what of it matters in front of a legacy server, and a request without it. */
import { isRecord } from '../../schema/json-schema.ts';
import { edited, type JsonObject, type Message } from '../../upstream/peer/message.ts';
import { CLIENT_CAPABILITIES_META, LOG_LEVEL_META } from '../../upstream/protocol.ts';
import { isLogLevel, type LogLevel } from '../sharing/levels.ts';

const RESERVED = 'io.modelcontextprotocol/';

export interface Envelope {
  readonly capabilities: JsonObject;
  /** From which level on log messages are wanted; undefined: none. */
  readonly logLevel: LogLevel | undefined;
}

export function envelopeOf(request: Message): Envelope {
  const { _meta } = request.params;
  const meta = isRecord(_meta) ? _meta : {};
  const { [CLIENT_CAPABILITIES_META]: capabilities, [LOG_LEVEL_META]: level } = meta;
  return { capabilities: isRecord(capabilities) ? capabilities : {}, logLevel: isLogLevel(level) ? level : undefined };
}

/** The request as a legacy server knows it; other keys of `_meta`, the progress token among them, stay. Throws RangeError for what is nested too deeply. */
export function withoutEnvelope(request: Message): Message {
  return edited(request, (value) => {
    const { _meta, inputResponses: _, requestState: __, ...params } = value.params as JsonObject;
    const entries = Object.entries(isRecord(_meta) ? _meta : {}).filter(([key]) => !key.startsWith(RESERVED));
    const meta = entries.length === 0 ? {} : { _meta: Object.fromEntries(entries) };
    return { ...value, params: { ...params, ...meta } };
  });
}
