/** The words of this room: what a login learns, what it leaves behind, and what a caller gets to know of it. */
import type { AuthorizationServer } from 'oauth4webapi';
import type { OAuthConfig } from '../config/model.ts';

/** Whose grant it is: a principal's id, or `SHARED_OWNER` on a server with one login for all. */
export type Owner = string;

export const SHARED_OWNER: Owner = 'shared:';

/** A configured server as far as logins care. */
export interface ProtectedServer {
  readonly name: string;
  /** The MCP endpoint as configured: where tokens are sent, and nowhere else. */
  readonly url: URL;
  readonly oauth: OAuthConfig;
}

/** What a 401 or 403 of the server says in its Bearer challenge (RFC 6750 3, RFC 9728 5.1). */
export interface Challenge {
  readonly resourceMetadata?: string;
  readonly scope?: string;
  readonly error?: string;
  readonly errorDescription?: string;
}

/** What discovery found out, checked. */
export interface Discovered {
  /** As published, byte for byte. */
  readonly issuer: string;
  readonly metadata: AuthorizationServer;
  /** What `resource` is to be sent (RFC 8707), byte for byte; undefined: none. */
  readonly resource: string | undefined;
  /** `scopes_supported` of the protected resource metadata. */
  readonly scopesSupported: readonly string[] | undefined;
  /** `default-endpoints`: a 2025-03-26 server without any metadata. */
  readonly source: 'metadata' | 'default-endpoints';
}

/** The client that we are at an authorization server. */
export interface Client {
  readonly id: string;
  readonly secret?: string;
  readonly authMethod: 'none' | 'client_secret_basic' | 'client_secret_post';
  readonly origin: 'configured' | 'document' | 'registered';
}

/** One owner's grant at one server, as it is stored (sealed). */
export interface Grant {
  /** What it is bound to: a grant of another address, issuer or resource is none. */
  readonly url: string;
  readonly issuer: string;
  readonly resource?: string;
  readonly source: Discovered['source'];
  readonly client: Client;
  /** Grows with each change of the tokens or the state; what processes that share a store compare. */
  readonly generation: number;
  /** `ended`: refused by the authorization server or the MCP server; the tokens are gone, the person has to come again. */
  readonly state: 'live' | 'ended';
  readonly accessToken?: string;
  readonly refreshToken?: string;
  /** Of the access token, in milliseconds since 1970; undefined: unknown. */
  readonly expiresAt?: number;
  /** What was asked for, and what was granted (RFC 6749 5.1: absent means the same). */
  readonly requestedScope?: string;
  readonly scope?: string;
  /** Scopes that the server asked for since (403 `insufficient_scope`), to be asked for at the next login. */
  readonly wantedScope?: string;
  /** Step-ups by operation: after two that did not help no more are offered. */
  readonly stepUps?: Readonly<Record<string, number>>;
  /** What the person is called at the authorization server; to be shown, never to decide by. */
  readonly account?: string;
  readonly createdAt: number;
  readonly refreshedAt?: number;
}

/** What a person and a page get to know of a connection. */
export interface ConnectionStatus {
  /** `needs-login`: never connected, or disconnected; `expired`: the grant has ended by itself; `connected` otherwise. */
  readonly state: 'needs-login' | 'connected' | 'expired';
  /** Of the access token, in milliseconds since 1970. */
  readonly expiresAt?: number;
  /** True when it is renewed without the person. */
  readonly renews?: boolean;
  readonly scope?: string;
  /** Scopes that a login would add. */
  readonly wantedScope?: string;
  readonly issuer?: string;
  /** What the person is called there, as the authorization server says; 100 characters at most. */
  readonly account?: string;
  readonly connectedAt?: number;
}
