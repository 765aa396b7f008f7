/** Callers of 2026-07-28 in front of a server with sessions. */
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../../src/config/model.ts';
import { SharedPeers } from '../../../src/mcp/sharing/registry.ts';
import { SharedPeer } from '../../../src/mcp/sharing/shared-peer.ts';
import { LegacyAsModern } from '../../../src/mcp/translate/legacy-as-modern.ts';
import { type RoundLimits, Rounds } from '../../../src/mcp/translate/rounds.ts';
import type { RoundsCall } from '../../../src/mcp/translate/rounds-call.ts';
import type { JsonObject } from '../../../src/upstream/peer/message.ts';
import { openLegacyPeer } from '../../../src/upstream/peer/open.ts';
import type { Peer } from '../../../src/upstream/peer/peer.ts';
import { CLIENT_INFO, LATEST_LEGACY, MODERN } from '../../../src/upstream/protocol.ts';
import { type Asked, ask } from '../../helpers/asked.ts';
import { urlEndpoint } from '../../helpers/configs.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { type AskingHttp, startAskingServer } from '../asking-server.ts';

export const META = 'io.modelcontextprotocol';
export const MAY_ASK_ALL = { elicitation: { form: {}, url: {} }, sampling: {}, roots: { listChanged: true } };

export class Story {
  readonly peers = new SharedPeers();
  readonly rounds: Rounds<RoundsCall>;
  readonly #endpoint: Endpoint;

  constructor(t: TestContext, endpoint: Endpoint, limits: RoundLimits = {}) {
    this.#endpoint = endpoint;
    this.rounds = new Rounds(limits);
    t.after(async () => {
      this.rounds.close();
      await this.peers.close();
    });
  }

  /** What a request of this person goes through; another one for each. */
  front(caller: string): Peer {
    return new LegacyAsModern({
      peers: this.peers,
      key: 'server',
      make: (capabilities) => this.#share(capabilities),
      rounds: this.rounds,
      caller,
    });
  }

  #share(capabilities: JsonObject): SharedPeer {
    const params = { protocolVersion: LATEST_LEGACY, capabilities, clientInfo: CLIENT_INFO };
    return new SharedPeer((events) => openLegacyPeer(this.#endpoint, events, new MemoryLog()), params);
  }
}

export async function httpStory(
  t: TestContext,
  limits?: RoundLimits,
): Promise<{ readonly server: AskingHttp; readonly story: Story }> {
  const server = await startAskingServer();
  t.after(() => server.close());
  return { server, story: new Story(t, urlEndpoint('http', server.url), limits) };
}

/** A caller with an envelope; ids are fresh. */
export class ModernCaller {
  readonly #front: () => Peer;
  readonly #capabilities: JsonObject;
  #nextId = 1;

  constructor(story: Story, caller: string, capabilities: JsonObject = {}) {
    this.#front = () => story.front(caller);
    this.#capabilities = capabilities;
  }

  ask(method: string, params: JsonObject = {}, meta: JsonObject = {}): Asked {
    const envelope = {
      [`${META}/protocolVersion`]: MODERN,
      [`${META}/clientCapabilities`]: this.#capabilities,
      [`${META}/clientInfo`]: { name: 'tester', version: '1' },
      ...meta,
    };
    return ask(this.#front(), this.#nextId++, method, { ...params, _meta: envelope });
  }

  call(name: string, args: JsonObject = {}, meta: JsonObject = {}): Asked {
    return this.ask('tools/call', { name, arguments: args }, meta);
  }

  /** The same call again, with answers. */
  answer(name: string, args: JsonObject, round: JsonObject, inputResponses: JsonObject): Asked {
    const { requestState } = round;
    return this.ask('tools/call', { name, arguments: args, requestState, inputResponses });
  }
}

/** The keys of what is asked, by the text of the question. */
export function keysOf(round: JsonObject): Record<string, string> {
  const requests = round.inputRequests as Record<string, { params?: { message?: string } }>;
  return Object.fromEntries(Object.entries(requests).map(([key, { params }]) => [params?.message ?? '', key]));
}

/** Accepts all that is asked, with the question as the name. */
export function acceptAll(round: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(keysOf(round)).map(([message, key]) => [
      key,
      { action: 'accept', content: { name: `${message}!` } },
    ]),
  );
}
