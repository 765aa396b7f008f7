/** Callers who share one session with a server. */
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../../src/config/model.ts';
import { SharedPeer } from '../../../src/mcp/sharing/shared-peer.ts';
import type { JsonObject } from '../../../src/upstream/peer/message.ts';
import { openLegacyPeer } from '../../../src/upstream/peer/open.ts';
import type { Peer } from '../../../src/upstream/peer/peer.ts';
import { CLIENT_INFO, LATEST_LEGACY } from '../../../src/upstream/protocol.ts';
import type { LinkTimings } from '../../../src/upstream/timings.ts';
import { Heard } from '../../helpers/asked.ts';
import { urlEndpoint } from '../../helpers/configs.ts';
import { MemoryLog } from '../../helpers/memory-log.ts';
import { type AskingHttp, startAskingServer } from '../asking-server.ts';

export const QUICK: LinkTimings = {
  connectMs: 20_000,
  patienceMs: 10_000,
  firstRetryMs: 20,
  longestRetryMs: 100,
  minGapMs: 1_000,
  refreshGapMs: 10,
  stableMs: 10_000,
  idleMs: 60_000,
};

export function share(t: TestContext, endpoint: Endpoint, capabilities: JsonObject = {}): SharedPeer {
  const params = { protocolVersion: LATEST_LEGACY, capabilities, clientInfo: CLIENT_INFO };
  const shared = new SharedPeer((events) => openLegacyPeer(endpoint, events, new MemoryLog()), params, QUICK);
  t.after(() => shared.close());
  return shared;
}

export async function http(t: TestContext): Promise<{ readonly server: AskingHttp; readonly shared: SharedPeer }> {
  const server = await startAskingServer();
  t.after(() => server.close());
  return { server, shared: share(t, urlEndpoint('http', server.url)) };
}

export interface Caller {
  readonly peer: Peer;
  readonly heard: Heard;
}

export function callers(shared: SharedPeer, count: number): Caller[] {
  return Array.from({ length: count }, () => {
    const heard = new Heard();
    return { peer: shared.caller(heard), heard };
  });
}

export function pair(shared: SharedPeer): [Caller, Caller] {
  return callers(shared, 2) as [Caller, Caller];
}
