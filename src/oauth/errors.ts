/** What goes wrong with a login, for the person at the browser and for the caller of a tool. */
import { type ErrorCode, GatewayError } from '../errors.ts';
import { unionScope } from './scope.ts';

export interface LoginErrorOptions {
  readonly code: ErrorCode;
  readonly status: number;
  /** The heading of the page: a few words. */
  readonly title: string;
  /** What happened, in a sentence or two. */
  readonly message: string;
  /** What the person (or the operator) can do now. */
  readonly remedy: string;
  /** What the authorization server said; shown as theirs, never as ours. */
  readonly provider?: { readonly error: string; readonly description?: string };
  /** For the log alone. */
  readonly privateDetail?: unknown;
  /** True where the same person may simply try again. */
  readonly retry?: boolean;
}

/** A login that failed; shown as a page, or as flat JSON. */
export class LoginError extends GatewayError {
  readonly title: string;
  readonly remedy: string;
  readonly provider: LoginErrorOptions['provider'];
  readonly retry: boolean;

  constructor(options: LoginErrorOptions) {
    const { code, status, title, message, remedy, provider } = options;
    super(code, status, message, {
      body: {
        error: code,
        message,
        remedy,
        ...(provider === undefined ? {} : { provider_error: provider.error }),
        ...(provider?.description === undefined ? {} : { provider_message: provider.description }),
      },
      privateDetail: options.privateDetail,
    });
    this.title = title;
    this.remedy = remedy;
    this.provider = provider;
    this.retry = options.retry ?? false;
  }
}

/** 401: the caller has no usable grant at this server. */
export function authorizationRequired(server: string, authorizeUrl: string, reason: string): GatewayError {
  const message = `${reason} Open ${authorizeUrl} in a browser to connect your account at "${server}".`;
  return new GatewayError('authorization_required', 401, message, {
    body: { error: 'authorization_required', message, authorize_url: authorizeUrl },
  });
}

/** What callers are told who may be many people: nobody in particular, or whoever holds the API key. */
export function whoAreYou(server: string, authorizeUrl: string): string {
  return `"${server}" is used with an account of one's own, and this call does not say whose. Open ${authorizeUrl} in a browser and use the tools there. Programs need a credential of one person: a user name and password, or a token, where the operator of this gateway gives them out.`;
}

/** 401: no account can be the caller's. */
export function identityRequired(server: string, authorizeUrl: string): GatewayError {
  const message = whoAreYou(server, authorizeUrl);
  return new GatewayError('identity_required', 401, message, {
    body: { error: 'identity_required', message, authorize_url: authorizeUrl },
  });
}

/** 403: the grant lacks scopes; `authorizeUrl` only where another login can help. */
export function insufficientScope(server: string, asked: string | undefined, authorizeUrl?: string): GatewayError {
  // It comes from the server, and stands in a sentence of ours.
  const scope = unionScope(asked);
  const needs = scope === undefined ? 'more rights' : `the rights "${scope}"`;
  const remedy =
    authorizeUrl === undefined
      ? 'Signing in again did not help; the account may not have them.'
      : `Open ${authorizeUrl} in a browser to grant them.`;
  const message = `This call needs ${needs} at "${server}". ${remedy}`;
  return new GatewayError('insufficient_scope', 403, message, {
    body: {
      error: 'insufficient_scope',
      message,
      ...(scope === undefined ? {} : { scope }),
      ...(authorizeUrl === undefined ? {} : { authorize_url: authorizeUrl }),
    },
  });
}

/** What a caller of a tool is told of a login, rather than of the server behind it. */
const TOLD_TO_CALLERS: ReadonlySet<ErrorCode> = new Set([
  'authorization_required',
  'insufficient_scope',
  'provider_unavailable',
  'storage_failed',
]);

/** The error, where it is one that a login caused and whose text is for the caller. */
export function loginRefusal(error: unknown): GatewayError | undefined {
  return error instanceof GatewayError && TOLD_TO_CALLERS.has(error.code) ? error : undefined;
}
