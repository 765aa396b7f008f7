/** A login under way: what has to be known again when the browser comes back. */
import { randomBytes } from 'node:crypto';
import type { AuthorizationServer } from 'oauth4webapi';
import { digest } from '../identity/compare.ts';
import type { Client, Discovered, Owner } from './model.ts';

export interface Flow {
  /** Name and address of the MCP server. */
  readonly server: string;
  readonly url: string;
  /** Whose grant it becomes. */
  readonly owner: Owner;
  /** Who the browser was when it began; another person cannot end it. Undefined: nobody in particular. */
  readonly person?: Owner;
  /** True: begun through a link by a browser that did not prove to be `owner`, who has to confirm it. */
  readonly confirm?: boolean;
  /** True: a cookie showed that the browser is `owner`; at the end it must show so again, or `owner` has to confirm. */
  readonly byCookie?: boolean;
  /** Of `owner`, for people; only of a flow that was begun through a link. */
  readonly label?: string;
  /** Digest of the flow's cookie; undefined: any browser may end it, and so may anybody. */
  readonly browser?: string;
  readonly codeVerifier: string;
  /** As discovered and checked: the code goes to this token endpoint and to no other. */
  readonly issuer: string;
  readonly source: Discovered['source'];
  readonly metadata: FlowMetadata;
  readonly client: Client;
  /** True where it was registered for this flow. */
  readonly isNewClient: boolean;
  readonly redirectUri: string;
  readonly resource?: string;
  /** As it was asked for. */
  readonly scope?: string;
  readonly returnTo: string;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
}

/** What of the metadata is needed to end a login. */
export type FlowMetadata = Pick<
  AuthorizationServer,
  'issuer' | 'token_endpoint' | 'authorization_response_iss_parameter_supported'
>;

/** How long a person has for the pages of the authorization server. */
export const FLOW_MS = 10 * 60 * 1000;

const COOKIE_PREFIX = 'latchkey_flow_';
/** 256 bits, base64url. */
const SECRET = /^[\w-]{43}$/;
const ID = /^[\w-]{22}$/;
const ID_BYTES = 16;
/** More flows than a person can have open are not looked at. */
const MOST_COOKIES = 10;

/** 256 random bits for `state` (RFC 6749 10.12), a cookie or a `code_verifier` (RFC 7636 4.1). */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** True for what `randomSecret` makes. */
export function isSecret(text: string): boolean {
  return SECRET.test(text);
}

/** The name of a flow, which tells nothing of its `state`: whoever reads the store or a cookie's name cannot end it. */
export function flowId(state: string): string {
  return digest(state).subarray(0, ID_BYTES).toString('base64url');
}

/** Each flow has a cookie of its own, so that two tabs do not disturb each other. */
export function flowCookie(id: string): string {
  return COOKIE_PREFIX + id;
}

/** The flows that this browser has cookies of, ten at most. */
export function flowsOf(cookies: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(cookies)
    .filter((name) => name.startsWith(COOKIE_PREFIX))
    .map((name) => name.slice(COOKIE_PREFIX.length))
    .filter((id) => ID.test(id))
    .slice(0, MOST_COOKIES);
}
