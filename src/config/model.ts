/** What a configuration is once it is read: plain frozen data that the rest of the house is built from. */

export type Isolation = 'shared' | 'principal' | 'session';

/**
 * Under which key a file lists its servers, and so whose answers its callers know: mcpo's, or those of acehoss/mcp-gateway.
 * Without a file: mcpo's.
 */
export type FileShape = 'mcpServers' | 'servers';

/** What sessions may take up that keep a process of their own. */
export interface SessionLimits {
  /** How long a session of `/api` may rest before it ends. */
  readonly idleMs: number;
  /** Processes of all callers together, */
  readonly most: number;
  /** and of one principal. */
  readonly mostPerPrincipal: number;
  /** How long a caller waits for a process to start. */
  readonly startMs: number;
}

/** The levels of the log, each with all before it; `trace` is called `verbose` where people write it. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** How a server is reached. */
export type Endpoint =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      /** Added to what the child inherits. */
      readonly env: Readonly<Record<string, string>>;
      readonly cwd?: string;
      /** False: the child gets a minimal environment instead of ours. */
      readonly inheritEnv: boolean;
      /** Names of variables of ours that this child must not see, because another entry uses them through `${VAR}`. */
      readonly withheldEnv: readonly string[];
      /**
       * How it is told to end: by the end of its input (MCP, stdio shutdown), or by the signal, which is all that a program
       * under acehoss/mcp-gateway ever saw.
       */
      readonly endsBy: 'stdin' | 'SIGTERM';
    }
  | {
      readonly kind: 'http' | 'sse';
      readonly url: URL;
      readonly headers: Readonly<Record<string, string>>;
    };

/** Which headers of the caller go on to the server; patterns are case-insensitive and may hold `*`. */
export interface HeaderForwarding {
  readonly whitelist: readonly string[];
  readonly blacklist: readonly string[];
  readonly debug: boolean;
}

/** How people sign in to one server; everything that is absent is discovered. */
export interface OAuthConfig {
  /** True: each person has a grant of their own. False: one grant serves all callers. */
  readonly multiUser: boolean;
  /** The authorization server of a server that names none itself; without a trailing slash. */
  readonly serverUrl?: string;
  /** Idle time after which a visitor's grant ends. */
  readonly sessionTimeoutMs: number;
  /** `memory`: tokens of this server are never written. */
  readonly storage: 'store' | 'memory';
  /** Single-user: the port of this machine that the browser comes back to; default: the gateway's own address. */
  readonly callbackPort?: number;
  /** Single-user: whether the browser of this machine is opened, or the address only told. */
  readonly openBrowser: boolean;
  /** Fields for the registration of a client (RFC 7591 2), checked; never `redirect_uris`, which are ours to say. */
  readonly clientMetadata: Readonly<Record<string, unknown>>;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly tokenEndpointAuthMethod?: 'none' | 'client_secret_basic' | 'client_secret_post';
  /** Address of a client id metadata document that somebody else hosts. */
  readonly clientMetadataUrl?: string;
  /** The authorization server to insist on, byte for byte. */
  readonly issuer?: string;
  /** Scopes to ask for, separated by spaces; default: what the server says. */
  readonly scope?: string;
  /** RFC 8707 `resource` instead of what the metadata says; `omit`: none is sent. */
  readonly resource?: string;
  readonly allowInsecureHttp: boolean;
  /** Signs the JWTs of Open WebUI's users for this server alone, instead of the gateway's own key. */
  readonly webuiSecretKey?: string;
}

/** How callers that come through Open WebUI are known. */
export interface OpenWebuiConfig {
  /** Where Open WebUI is reached from here, without a trailing slash; for introspection. */
  readonly url?: string;
  /** Where people open it; default: `url`. Its host decides whether its cookie can be ours to read. */
  readonly publicUrl?: string;
  /** True: Open WebUI is asked about each token, so that one that it has revoked does not count. */
  readonly introspect: boolean;
  /** Its `WEBUI_SECRET_KEY`, which signs the tokens of its users' sessions. */
  readonly secretKey?: string;
  /** Its `FORWARD_USER_INFO_HEADER_JWT_SECRET`, which signs `X-OpenWebUI-User-Jwt`. */
  readonly userJwtSecret?: string;
  /** True: whoever has the API key is believed for whom it calls, by plain `X-OpenWebUI-User-*` headers. */
  readonly trustForwardedUser: boolean;
  /**
   * Whether tokens must be verified where nothing is configured to verify them with. False: never. Undefined: only those
   * that do not come from this machine itself.
   */
  readonly verifyJwt?: boolean;
  /** True: session tokens without `exp` count too (Open WebUI's `JWT_EXPIRES_IN=-1`). */
  readonly allowWithoutExpiry: boolean;
  /** Session tokens issued longer ago do not count. */
  readonly maxTokenAgeMs?: number;
}

/** What callers without a credential see of servers where each person signs in. */
export type AnonymousCatalog = 'learned' | 'connect-only' | 'off';

export interface ServerConfig {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Undefined: all. Entries are exact names or patterns with `*`. */
  readonly enabledTools?: readonly string[];
  readonly disabledTools: readonly string[];
  /** Longest wait for an answer or for progress, in milliseconds. */
  readonly timeoutMs: number;
  readonly isolation: Isolation;
  /**
   * When the connection that all share is made: at once and for good, or when somebody needs it, until nobody has for a
   * while. Sessions with processes of their own are not meant.
   */
  readonly start: 'always' | 'on-demand';
  /** A protocol revision to insist on, e.g. `2026-07-28`. */
  readonly protocolVersion?: string;
  readonly forwardHeaders?: HeaderForwarding;
  /** Present when the server wants people to sign in. */
  readonly oauth?: OAuthConfig;
  /** Equal for equal configurations: what reload compares and what session keys hang on. */
  readonly hash: string;
}

export interface BasicAccount {
  readonly username: string;
  readonly password: string;
}

/** The `auth` map: present means that every request must present one of these. */
export interface AuthConfig {
  readonly basic: readonly BasicAccount[];
  readonly bearer: readonly string[];
}

/** Top-level keys beside the servers; a change of these needs a restart. */
export interface GatewayKeys {
  readonly host?: string;
  readonly port?: number;
  readonly logLevel?: LogLevel;
  readonly sessions?: Partial<SessionLimits>;
  readonly publicUrl?: string;
  readonly allowedHosts: readonly string[];
  readonly auth?: AuthConfig;
  readonly store?: string;
  /** What the file says of Open WebUI; the environment and flags may add to it. */
  readonly openWebui?: Partial<OpenWebuiConfig>;
  readonly anonymousCatalog?: AnonymousCatalog;
  readonly documentKey?: string;
}

/** What stands as the file of a `Problem` that is not in one. */
export const COMMAND_LINE = 'command line';
export const ENVIRONMENT = 'environment';

/** One thing wrong with, or odd about, a configuration. */
export interface Problem {
  /** Or `COMMAND_LINE` or `ENVIRONMENT`; empty: it stands nowhere yet, or in one of several places. */
  readonly file: string;
  /** Dotted path of the key, e.g. `mcpServers.time.command`; empty for the file as a whole. */
  readonly path: string;
  readonly line?: number;
  readonly message: string;
  readonly remedy?: string;
  /** What acehoss/mcp-gateway says of it, where its users know the words. */
  readonly original?: string;
  /** Whoever writes it is told as of a flag, wherever it stands: that the file is broken would be too much said. */
  readonly isUsage?: true;
  /** Of a warning that is no more than good to know: it holds for many who have done nothing odd. */
  readonly isNote?: true;
  /** Of a warning that concerns everybody who uses the gateway, and names no file, command or address: `/` shows it to all. */
  readonly isPublic?: true;
}

export interface Configuration {
  readonly shape: FileShape;
  /** In the order of the file; entries with `disabled: true` are left out. */
  readonly servers: ReadonlyMap<string, ServerConfig>;
  readonly gateway: GatewayKeys;
  readonly warnings: readonly Problem[];
  /** Names of entries that are switched off. */
  readonly disabled: readonly string[];
}

/** Everything wrong with a configuration, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];
  /** Of the file that they stand in: callers of the process know the words and exit codes of one or the other. */
  readonly shape: FileShape;

  constructor(problems: readonly Problem[], shape: FileShape = 'mcpServers') {
    super(problems.map(describeProblem).join('\n'));
    this.problems = problems;
    this.shape = shape;
  }
}

/** `file:line: path: message (remedy)` in one line. */
export function describeProblem(problem: Problem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const remedy = problem.remedy === undefined ? '' : ` (${problem.remedy})`;
  return `${place === '' ? '' : `${place}: `}${path}${problem.message}${remedy}`;
}
