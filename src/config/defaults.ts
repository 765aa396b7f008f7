/** What holds for keys that a file leaves out; the documentation, the JSON Schema and the loader have it from here. */
import type { FileShape, Isolation, ServerConfig, SessionLimits } from './model.ts';

interface Defaults {
  readonly hostname: string;
  /** Undefined: it has to be said. */
  readonly port: number | undefined;
  readonly isolation: Isolation;
  readonly start: ServerConfig['start'];
  /** In seconds. */
  readonly timeout: number;
}

/**
 * mcpo listens at port 8000, starts all servers, shares them, and waits a minute for a streamable HTTP server; that nobody
 * else's machine reaches us is ours. Whoever comes from acehoss/mcp-gateway is reached from other machines already. It starts
 * a process for each session, and so do `/<server>` and `/api` whatever `isolation` says; it cuts a call after ten minutes.
 * What it does not have, such as `POST /<server>/<tool>`, is `principal` there: with `session` each `x-session-id` that a
 * caller makes up would start a process.
 */
export const DEFAULTS: Readonly<Record<FileShape, Defaults>> = {
  mcpServers: { hostname: '127.0.0.1', port: 8000, isolation: 'shared', start: 'always', timeout: 60 },
  servers: { hostname: '0.0.0.0', port: undefined, isolation: 'principal', start: 'on-demand', timeout: 600 },
};

/** Ten minutes of rest are what acehoss/mcp-gateway allows; it has no limit on processes, and nobody's machine is like that. */
export const DEFAULT_SESSIONS: SessionLimits = {
  idleMs: 10 * 60_000,
  most: 128,
  mostPerPrincipal: 32,
  startMs: 10_000,
};
