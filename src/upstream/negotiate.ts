/** Opens a wire and agrees on a protocol revision: `initialize` first, `server/discover` where that is not known. */
import type { Endpoint } from '../config/model.ts';
import type { Log } from '../log-sink.ts';
import type { Credential } from '../oauth/credential.ts';
import { isRecord } from '../schema/json-schema.ts';
import { RedirectError } from './http-status.ts';
import { HttpWire } from './http-wire.ts';
import { RpcError } from './jsonrpc.ts';
import {
  CLIENT_INFO,
  LATEST_LEGACY,
  LEGACY_REVISIONS,
  MODERN,
  MODERN_META,
  type Protocol,
  SERVER_INFO_META,
} from './protocol.ts';
import { SseWire } from './sse-wire.ts';
import { StdioWire } from './stdio-wire.ts';
import { badAnswer, type Wire, type WireEvents } from './wire.ts';

export interface ServerInfo {
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly instructions: string | undefined;
}

export interface Negotiated {
  readonly wire: Wire;
  readonly protocol: Protocol;
  readonly info: ServerInfo;
  /** The server announces changes of its tool list. */
  readonly listChanged: boolean;
}

const MAX_REDIRECTS = 3;

/**
 * Connects and negotiates within the time of `signal`. `protocolVersion` insists on one revision.
 * A redirect to another path of the same origin is followed, since nothing has run yet; any other is an error that names the address.
 */
export async function negotiate(
  endpoint: Endpoint,
  protocolVersion: string | undefined,
  events: WireEvents,
  log: Log,
  signal: AbortSignal,
  credential?: Credential,
): Promise<Negotiated> {
  let target = endpoint;
  for (let hop = 0; ; hop += 1) {
    const wire = openWire(target, events, log, credential);
    try {
      return await handshake(wire, protocolVersion, signal);
    } catch (error) {
      await wire.close();
      const moved = hop < MAX_REDIRECTS ? sameOriginRedirect(target, error) : undefined;
      if (moved === undefined) throw error;
      target = moved;
    }
  }
}

function openWire(endpoint: Endpoint, events: WireEvents, log: Log, credential?: Credential): Wire {
  switch (endpoint.kind) {
    case 'stdio':
      return new StdioWire(endpoint, events, log);
    case 'http':
      return new HttpWire(endpoint, events, log, credential);
    case 'sse':
      return new SseWire(endpoint, events, log, credential);
  }
}

function sameOriginRedirect(endpoint: Endpoint, error: unknown): Endpoint | undefined {
  if (endpoint.kind === 'stdio' || !(error instanceof RedirectError)) return undefined;
  return error.location.origin === endpoint.url.origin ? { ...endpoint, url: error.location } : undefined;
}

async function handshake(wire: Wire, version: string | undefined, signal: AbortSignal): Promise<Negotiated> {
  if (version === MODERN) return discover(wire, signal);
  try {
    return await initialize(wire, version ?? LATEST_LEGACY, version !== undefined, signal);
  } catch (error) {
    // A stateless server does not know `initialize`; what it answers is a JSON-RPC error of its own choice.
    if (version !== undefined || !(error instanceof RpcError)) throw error;
    return await discover(wire, signal).catch(() => {
      throw error;
    });
  }
}

async function initialize(wire: Wire, version: string, insisted: boolean, signal: AbortSignal): Promise<Negotiated> {
  const params = { protocolVersion: version, capabilities: {}, clientInfo: CLIENT_INFO };
  const result = await wire.request('initialize', params, { signal });
  if (!isRecord(result)) throw badAnswer('The answer to initialize is invalid.');
  const answered = result.protocolVersion;
  if (typeof answered !== 'string' || !LEGACY_REVISIONS.includes(answered)) {
    throw badAnswer(`The server speaks protocol revision ${JSON.stringify(answered)}, which latchkey does not.`);
  }
  if (insisted && answered !== version) {
    throw badAnswer(`The server speaks ${answered}, but "protocol_version" insists on ${version}.`);
  }
  const protocol: Protocol = { era: 'legacy', version: answered };
  wire.useProtocol(protocol);
  await wire.notify('notifications/initialized', undefined, signal);
  return { wire, protocol, info: serverInfo(result, result.serverInfo), listChanged: announcesTools(result) };
}

/** 2026-07-28: no session; the server says which revisions it knows. */
async function discover(wire: Wire, signal: AbortSignal): Promise<Negotiated> {
  const protocol: Protocol = { era: 'modern', version: MODERN };
  wire.useProtocol(protocol);
  const result = await wire.request('server/discover', { _meta: MODERN_META }, { signal });
  const versions = isRecord(result) ? result.supportedVersions : undefined;
  if (!isRecord(result) || !Array.isArray(versions) || !versions.includes(MODERN)) {
    throw badAnswer(`The server does not speak protocol revision ${MODERN}.`);
  }
  const meta = isRecord(result._meta) ? result._meta : {};
  return { wire, protocol, info: serverInfo(result, meta[SERVER_INFO_META]), listChanged: announcesTools(result) };
}

function serverInfo(result: Record<string, unknown>, info: unknown): ServerInfo {
  const { name, version } = isRecord(info) ? info : {};
  return { name: text(name), version: text(version), instructions: text(result.instructions) };
}

function announcesTools(result: Record<string, unknown>): boolean {
  const capabilities = isRecord(result.capabilities) ? result.capabilities : {};
  const tools = isRecord(capabilities.tools) ? capabilities.tools : {};
  return tools.listChanged === true;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
