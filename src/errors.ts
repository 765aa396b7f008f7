/** The one error type that carries an answer: a stable code, an HTTP status and a public text. */

/** Stable codes, sent as `x-latchkey-error`; exhaustive, so that a new one is a deliberate act. */
export type ErrorCode =
  | 'not_found'
  | 'method_not_allowed'
  | 'host_not_allowed'
  | 'origin_not_allowed'
  | 'missing_credentials'
  | 'invalid_credentials'
  | 'token_expired'
  | 'identity_unavailable'
  | 'duplicate_authorization'
  | 'too_many_attempts'
  | 'bad_request'
  | 'body_too_large'
  | 'invalid_json'
  | 'invalid_arguments'
  | 'server_unavailable'
  | 'call_timeout'
  | 'cancelled'
  | 'connection_lost'
  | 'bad_upstream_answer'
  | 'upstream_error'
  | 'upstream_unauthorized'
  | 'tool_error'
  // MCP towards callers.
  | 'session_unknown'
  | 'too_many_sessions'
  | 'start_failed'
  | 'bad_mcp_request'
  // A server with logins, seen by a caller.
  | 'identity_required'
  | 'authorization_required'
  | 'insufficient_scope'
  | 'provider_unavailable'
  | 'storage_failed'
  // A login under way.
  | 'login_not_offered'
  | 'flow_unknown'
  | 'flow_wrong_browser'
  | 'flow_wrong_person'
  | 'ticket_unknown'
  | 'code_rejected'
  | 'nothing_to_confirm'
  | 'consent_denied'
  | 'provider_refused'
  | 'response_rejected'
  | 'token_request_failed'
  | 'discovery_failed'
  | 'metadata_rejected'
  | 'address_not_allowed'
  | 'registration_failed'
  // Forms of the pages.
  | 'form_expired'
  | 'internal';

export interface GatewayErrorOptions {
  /** What the caller reads: the value of `detail` in the answer's body. */
  readonly detail?: unknown;
  /** The whole body of the answer, where a contract asks for another shape than `{detail}`. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** The whole body as plain text, where a contract asks for that; an empty one is none. */
  readonly text?: string;
  /** What only the log reads. */
  readonly privateDetail?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: unknown;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly text: string | undefined;
  readonly privateDetail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  /** `message` is public; it is also the `detail` unless one is given. */
  constructor(code: ErrorCode, status: number, message: string, options: GatewayErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = status;
    this.detail = options.detail ?? message;
    this.body = options.body;
    this.text = options.text;
    this.privateDetail = options.privateDetail;
    this.headers = options.headers ?? {};
  }
}

/** The text of anything thrown, without a stack trace. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
