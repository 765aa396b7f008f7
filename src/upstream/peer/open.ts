/** Opens the peer of a server of the old era, whatever its transport. */
import type { Endpoint } from '../../config/model.ts';
import type { Log } from '../../log-sink.ts';
import type { Credential } from '../../oauth/credential.ts';
import { HttpPeer } from './http-peer.ts';
import type { Peer, PeerEvents } from './peer.ts';
import { SsePeer } from './sse-peer.ts';
import { StdioPeer } from './stdio-peer.ts';

/** A peer of era `legacy`; it connects with its first request. `credential`: of the person, where the server has logins. */
export function openLegacyPeer(endpoint: Endpoint, events: PeerEvents, log: Log, credential?: Credential): Peer {
  switch (endpoint.kind) {
    case 'stdio':
      return new StdioPeer(endpoint, events, log);
    case 'http':
      return new HttpPeer(endpoint, events, log, credential);
    case 'sse':
      return new SsePeer(endpoint, events, log, credential);
  }
}
