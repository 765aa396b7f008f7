/** Which headers of a caller go on to a server, on the way to its transport. */
import type { ServerConfig } from '../../config/model.ts';
import { matchesPattern } from '../../upstream/catalog.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Exchange, Peer, Replies } from '../../upstream/peer/peer.ts';
import { PassingPeer } from './passing.ts';

const NONE: readonly string[] = [];
/** What a caller's headers are about; lists and the like look the same to everybody. */
const CALLS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read', 'completion/complete']);
/** Arguments that 2026-07-28 repeats in headers belong to the message. */
const PARAMETER = /^mcp-param-/;

/**
 * Those of `headers` (flat: name, value, name, value; lower-case names) that the entry lets through: nothing unless it
 * switches forwarding on, nothing to a server with logins, nothing that the operator has set.
 */
export function wantedHeaders(headers: readonly string[], config: ServerConfig): readonly string[] {
  const { forwardHeaders, oauth, endpoint } = config;
  if (headers.length === 0 || forwardHeaders === undefined || oauth !== undefined) return NONE;
  const configured = endpoint.kind === 'stdio' ? [] : Object.keys(endpoint.headers).map((name) => name.toLowerCase());
  const isWanted = (name: string): boolean => {
    const matches = (pattern: string): boolean => matchesPattern(name, pattern.toLowerCase());
    const { whitelist, blacklist } = forwardHeaders;
    if (whitelist.length > 0 && !whitelist.some(matches)) return false;
    return !blacklist.some(matches) && !configured.includes(name);
  };
  return pairsOf(headers)
    .filter(([name]) => isWanted(name))
    .flat();
}

/** A peer that gets only the headers which its server may see. */
export class ForwardingPeer extends PassingPeer {
  readonly #config: () => ServerConfig;

  constructor(peer: Peer, config: () => ServerConfig) {
    super(peer);
    this.#config = config;
  }

  override request(message: Message, replies: Replies, headers: readonly string[] = NONE): Exchange {
    return super.request(message, replies, headers.length === 0 ? NONE : this.#passed(message, headers));
  }

  #passed({ method }: Message, headers: readonly string[]): readonly string[] {
    if (!CALLS.has(method)) return NONE;
    const parameters =
      this.era === 'modern'
        ? pairsOf(headers)
            .filter(([name]) => PARAMETER.test(name))
            .flat()
        : NONE;
    const others = pairsOf(headers)
      .filter(([name]) => !PARAMETER.test(name))
      .flat();
    return [...parameters, ...wantedHeaders(others, this.#config())];
  }
}

function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return pairs;
}
