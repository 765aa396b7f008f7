/** What a gate adds to the answers of a server: the tool that tells how to connect, and that lists may change. */
import { isRecord } from '../../schema/json-schema.ts';
import { METHOD_NOT_FOUND } from '../../upstream/jsonrpc.ts';
import { edited, type JsonObject, type Message, resultMessage, unlessTooDeep } from '../../upstream/peer/message.ts';
import type { Peer } from '../../upstream/peer/peer.ts';

/** The answer to `tools/list` with `tool` at its end; a server that knows no tools has this one. */
export function withTool(answer: Message, tool: JsonObject, era: Peer['era']): Message {
  const isModern = era === 'modern';
  if (answer.error?.code === METHOD_NOT_FOUND && answer.id !== undefined) {
    return resultMessage(answer.id, { tools: [tool], ...(isModern ? UNKEPT : {}) });
  }
  const { result } = answer;
  if (result === undefined || !Array.isArray(result.tools)) return answer;
  return changed(answer, (own) => {
    const tools = [...(own.tools as readonly unknown[]), tool];
    // Callers without a connection see another list.
    return isModern ? { ...own, tools, cacheScope: 'private' } : { ...own, tools };
  });
}

const UNKEPT = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };

/** The answer to `initialize` or `server/discover`, saying that the list of tools may change: logins do that. */
export function withChangingTools(answer: Message): Message {
  const capabilities = answer.result?.capabilities;
  const tools = isRecord(capabilities) ? capabilities.tools : undefined;
  if (answer.result === undefined || (isRecord(tools) && tools.listChanged === true)) return answer;
  return changed(answer, (own) => {
    const all = isRecord(own.capabilities) ? own.capabilities : {};
    return {
      ...own,
      capabilities: { ...all, tools: { ...(isRecord(all.tools) ? all.tools : {}), listChanged: true } },
    };
  });
}

/** What is nested too deeply to be written again passes as it came. */
function changed(answer: Message, change: (result: JsonObject) => JsonObject): Message {
  const mend = (value: JsonObject): JsonObject => ({ ...value, result: change(value.result as JsonObject) });
  return unlessTooDeep(edited, answer, mend) ?? answer;
}
