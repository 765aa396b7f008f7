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

/** What a person has to do before a call can succeed. Whoever answers it adds the link, which may be the caller's own. */
export class LoginNeeded extends GatewayError {
  readonly server: string;
  readonly #words: (told: Told) => Words;
  readonly #answer: LoginNeededAnswer;

  constructor(server: string, answer: LoginNeededAnswer, words: (told: Told) => Words) {
    const { code, status, headers } = answer;
    super(code, status, words({}).message, headers === undefined ? {} : { headers });
    this.server = server;
    this.#answer = answer;
    this.#words = words;
  }

  /** The error as the caller is to read it. */
  told(told: Told): GatewayError {
    const { code, status, headers } = this.#answer;
    const { message, ...more } = this.#words(told);
    return new GatewayError(code, status, message, {
      body: { error: code, message, ...more },
      ...(headers === undefined ? {} : { headers }),
    });
  }
}

/** What is known only where a caller is answered. */
export interface Told {
  /** Where the person's browser has to go, absolute. */
  readonly link?: string;
  /** What the caller brings a code to, where that link may end in one. */
  readonly operation?: string;
  /** How a caller can say who it is. */
  readonly howToName?: string;
}

export interface LoginNeededAnswer {
  readonly code: ErrorCode;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The body of an answer; models and people read the message. */
export interface Words {
  readonly message: string;
  readonly authorize_url?: string;
  readonly scope?: string;
}

/** 401: the caller has no usable grant at this server; `reason`: a sentence that names the server. */
export function authorizationRequired(server: string, reason: string): LoginNeeded {
  return new LoginNeeded(server, { code: 'authorization_required', status: 401 }, ({ link, operation }) => ({
    message: `${reason} ${askTo('connect it', link, operation)}`,
    ...addressOf(link),
  }));
}

/** 401: no account can be the caller's. */
export function identityRequired(server: string): LoginNeeded {
  return new LoginNeeded(server, { code: 'identity_required', status: 401 }, ({ link, howToName }) => ({
    message: whoAreYou(server, link, howToName),
    ...addressOf(link),
  }));
}

/** What callers are told who may be many people: nobody in particular, or whoever holds the API key. */
export function whoAreYou(server: string, link = "the gateway's page", howToName = ''): string {
  return `"${server}" is used with an account of one's own, and this call does not say whose. ${howToName} To use the tools in a browser, open ${link}.`.replace(
    '  ',
    ' ',
  );
}

/** 403: the grant lacks scopes; `offered`: another login can help. */
export function insufficientScope(server: string, asked: string | undefined, offered: boolean): GatewayError {
  // It comes from the server, and stands in a sentence of ours.
  const scope = unionScope(asked);
  const needs = scope === undefined ? 'more rights' : `the rights "${scope}"`;
  const needed = new LoginNeeded(server, { code: 'insufficient_scope', status: 403 }, ({ link, operation }) => ({
    message: `This call needs ${needs} at "${server}". ${offered ? askTo('grant them', link, operation) : NO_HELP}`,
    ...(scope === undefined ? {} : { scope }),
    ...(offered ? addressOf(link) : {}),
  }));
  return offered ? needed : needed.told({});
}

/** 503: the authorization server does not answer, so that a token cannot be renewed. */
export function providerUnavailable(server: string, seconds: number): LoginNeeded {
  const headers = { 'retry-after': String(seconds) };
  return new LoginNeeded(server, { code: 'provider_unavailable', status: 503, headers }, ({ link, operation }) => ({
    message: `The sign-in service of "${server}" does not answer. Try again in ${seconds} s. If it stays like this: ${askTo('connect again', link, operation)}`,
  }));
}

const NO_HELP = 'Signing in again did not help; the account may not have them.';

/** For people, and for models that speak to them. */
function askTo(purpose: string, link: string | undefined, operation: string | undefined): string {
  const asked = `Ask the user to open ${link ?? "the gateway's page"} to ${purpose}.`;
  return operation === undefined ? asked : `${asked} If the page shows a code, call ${operation} with it.`;
}

function addressOf(link: string | undefined): Pick<Words, 'authorize_url'> {
  return link === undefined ? {} : { authorize_url: link };
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
