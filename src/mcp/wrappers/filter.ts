/** Hides the tools of a server that its entry does not offer: from lists, and from calls. */
import type { ServerConfig } from '../../config/model.ts';
import { isRecord } from '../../schema/json-schema.ts';
import { isAllowed } from '../../upstream/catalog.ts';
import { type Id, INVALID_PARAMS } from '../../upstream/jsonrpc.ts';
import { answerLater } from '../../upstream/peer/answer-later.ts';
import { edited, errorMessage, type Message, rewritten, unlessTooDeep } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import { badAnswer } from '../../upstream/wire.ts';
import { PassingPeer } from './passing.ts';

export type ToolFilter = Pick<ServerConfig, 'enabledTools' | 'disabledTools'>;

/** The peer itself where its entry offers all tools. `filter` is asked at each message: the entry may be replaced. */
export function filtered(peer: Peer, filter: () => ToolFilter): Peer {
  const { enabledTools, disabledTools } = filter();
  return enabledTools === undefined && disabledTools.length === 0 ? peer : new FilteredPeer(peer, filter);
}

/** Passes on only what it has written itself, so that the server reads what was checked (see `rewritten`). */
class FilteredPeer extends PassingPeer {
  readonly #filter: () => ToolFilter;

  constructor(peer: Peer, filter: () => ToolFilter) {
    super(peer);
    this.#filter = filter;
  }

  override request(message: Message, replies: Replies, headers?: readonly string[]): Exchange {
    const refusal = message.method === 'tools/call' ? this.#refusal(message) : undefined;
    if (refusal !== undefined) return answerLater(replies, refusal);
    const sound = soundly(message);
    if (sound === undefined) return answerLater(replies, refused(message, 'The parameters are nested too deeply.'));
    const exchange = super.request(sound, sound.method === 'tools/list' ? this.#listing(replies) : replies, headers);
    return { cancel: (notice) => exchange.cancel(notice && soundly(notice)) };
  }

  override send(message: Message): void {
    const sound = soundly(message);
    if (sound !== undefined) super.send(sound);
  }

  /** What is no name could be one to a server that is less strict. */
  #refusal(message: Message): Message | undefined {
    const { name } = message.params;
    if (typeof name !== 'string') return refused(message, 'Invalid params: the name of the tool is missing.');
    // In the words that servers use for names they do not know (MCP, Tools, error handling).
    return isAllowed(name, this.#filter()) ? undefined : refused(message, `Unknown tool: ${name}`);
  }

  #listing(replies: Replies): Replies {
    return {
      onMessage: (message) => replies.onMessage(message),
      onAnswer: (answer, status) => this.#list(answer, status, replies),
      onFailure: (error) => replies.onFailure(error),
    };
  }

  /** Exact where nothing is hidden, and exact in all that stays where something is. */
  #list(answer: Message, status: number, replies: Replies): void {
    const tools = answer.result?.tools;
    const filter = this.#filter();
    if (!Array.isArray(tools) || tools.every((tool) => isShown(tool, filter))) {
      replies.onAnswer(answer, status);
      return;
    }
    const shorter = without(answer, filter);
    if (shorter === undefined) replies.onFailure(badAnswer('The list of tools is nested too deeply.'));
    else replies.onAnswer(shorter, status);
  }
}

/** Undefined where the list can be read but not written again. */
function without(answer: Message, filter: ToolFilter): Message | undefined {
  return unlessTooDeep(() =>
    edited(answer, (value) => {
      const result = value.result as { readonly tools: readonly unknown[] };
      return { ...value, result: { ...result, tools: result.tools.filter((tool) => isShown(tool, filter)) } };
    }),
  );
}

/** An entry without a name cannot be called; it is the caller's to make something of. */
function isShown(tool: unknown, filter: ToolFilter): boolean {
  return !isRecord(tool) || typeof tool.name !== 'string' || isAllowed(tool.name, filter);
}

/** Undefined where it is nested too deeply to be written. */
function soundly(message: Message): Message | undefined {
  return unlessTooDeep(rewritten, message);
}

function refused({ id }: Message, why: string): Message {
  return errorMessage(id as Id, INVALID_PARAMS, why);
}
