/** An MCP server over streamable HTTP that wants a token on every request (MCP authorization, RFC 6750, RFC 9728). */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { type Json, READ, type Tool, toolOf, toolsOf, WRITE } from './notebook.ts';

/** What a token says. */
export interface Bearer {
  readonly account: string;
  readonly scopes: readonly string[];
  /** The token's own id. */
  readonly id: string;
}

export interface Message extends Json {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Json;
}

/** One HTTP answer. */
export interface Reply {
  readonly status: number;
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface NotesServerOptions {
  /** Its own address, which tokens must be issued for. */
  readonly resource: string;
  /** False: no protected resource metadata, as servers of 2025-03-26. */
  readonly metadata?: boolean;
  /** What a 401 says; `bare`: `Bearer` and nothing else; `none`: no challenge at all. */
  readonly challenge?: 'full' | 'bare' | 'none';
}

export class NotesServer {
  /** The authorization server whose tokens are taken. */
  issuer: string;
  readonly #options: NotesServerOptions;
  readonly #notes = new Map<string, string[]>();
  /** The account of each session. */
  readonly #sessions = new Map<string, string>();
  readonly #keys = new Map<string, ReturnType<typeof createRemoteJWKSet>>();

  constructor(issuer: string, options: NotesServerOptions) {
    this.issuer = issuer;
    this.#options = options;
  }

  get sessions(): ReadonlyMap<string, string> {
    return this.#sessions;
  }

  /** Forgets all sessions, as a restart does. */
  forgetSessions(): void {
    this.#sessions.clear();
  }

  /** RFC 9728 3.1: the well-known part stands before the path. */
  get metadataUrl(): URL {
    const { origin, pathname } = new URL(this.#options.resource);
    return new URL(`/.well-known/oauth-protected-resource${pathname}`, origin);
  }

  metadata(): Json {
    return {
      resource: this.#options.resource,
      resource_name: 'Notes',
      authorization_servers: [this.issuer],
      scopes_supported: [READ, WRITE],
      bearer_methods_supported: ['header'],
    };
  }

  /** Undefined: no token, or none that counts here. */
  async bearer(request: IncomingMessage): Promise<Bearer | undefined> {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    try {
      const expected = { issuer: this.issuer, audience: this.#options.resource, typ: 'at+jwt' };
      const { payload } = await jwtVerify(token, this.#keysOf(this.issuer), expected);
      const { sub = '', scope = '', jti = '' } = payload as { sub?: string; scope?: string; jti?: string };
      return { account: sub, scopes: scope.split(' '), id: jti };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** 401 with what a client needs to find the way to a login. */
  unauthorized(request: IncomingMessage): Reply {
    const error = request.headers.authorization === undefined ? [] : ['error="invalid_token"'];
    const { challenge = 'full' } = this.#options;
    const full = `Bearer ${[...error, ...this.#place(), `scope="${READ}"`].join(', ')}`;
    const headers = challenge === 'none' ? {} : { 'www-authenticate': challenge === 'bare' ? 'Bearer' : full };
    return { status: 401, body: { error: 'invalid_token' }, headers };
  }

  /** Answers one request to the MCP endpoint. */
  reply(request: IncomingMessage, bearer: Bearer, message: Message | undefined): Reply {
    const session = request.headers['mcp-session-id'];
    if (message?.method === 'initialize') return this.#initialize(bearer, message);
    if (message?.method === 'server/discover') return { status: 404, body: noMethod(message) };
    // A session is of no use to anybody else.
    if (typeof session !== 'string' || this.#sessions.get(session) !== bearer.account) {
      return { status: 404, body: errorTo(message, -32001, 'Session not found') };
    }
    if (request.method === 'DELETE') return { status: this.#sessions.delete(session) ? 200 : 404 };
    if (message === undefined) return { status: 405, headers: { allow: 'POST, DELETE' } };
    if (message.id === undefined || message.method === undefined) return { status: 202 };
    return this.#answer(bearer, message);
  }

  #initialize({ account }: Bearer, { id }: Message): Reply {
    const session = randomUUID();
    this.#sessions.set(session, account);
    const result = {
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'notes', title: 'Notes', version: '1.0.0' },
      capabilities: { tools: {} },
    };
    return { status: 200, body: { jsonrpc: '2.0', id, result }, headers: { 'mcp-session-id': session } };
  }

  #answer({ account, scopes }: Bearer, message: Message): Reply {
    const { id, method, params = {} } = message;
    const ok = (result: Json): Reply => ({ status: 200, body: { jsonrpc: '2.0', id, result } });
    if (method === 'ping') return ok({});
    if (method === 'tools/list') return ok({ tools: toolsOf(account).map(definition) });
    if (method !== 'tools/call') return { status: 200, body: noMethod(message) };
    const tool = toolOf(account, params.name);
    if (tool === undefined) return { status: 200, body: errorTo(message, -32602, `Unknown tool: ${params.name}`) };
    if (!scopes.includes(tool.scope)) return this.#insufficient(tool.scope);
    return ok(tool.run(this.#notesOf(account), (params.arguments ?? {}) as Json, account));
  }

  /** RFC 6750 3.1; the scope named is the missing one alone. */
  #insufficient(scope: string): Reply {
    const challenge = ['error="insufficient_scope"', `scope="${scope}"`, ...this.#place()].join(', ');
    return {
      status: 403,
      body: { error: 'insufficient_scope' },
      headers: { 'www-authenticate': `Bearer ${challenge}` },
    };
  }

  #place(): string[] {
    return this.#options.metadata === false ? [] : [`resource_metadata="${this.metadataUrl}"`];
  }

  #notesOf(account: string): string[] {
    const notes = this.#notes.get(account) ?? [];
    this.#notes.set(account, notes);
    return notes;
  }

  #keysOf(issuer: string): ReturnType<typeof createRemoteJWKSet> {
    const keys = this.#keys.get(issuer) ?? createRemoteJWKSet(new URL(`${issuer}/jwks`));
    this.#keys.set(issuer, keys);
    return keys;
  }
}

/** The JSON body; undefined where there is none. */
export async function readMessage(request: IncomingMessage): Promise<Message | undefined> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text === '' ? undefined : (JSON.parse(text) as Message);
}

export function send(response: ServerResponse, { status, body, headers = {} }: Reply): void {
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  response.writeHead(status, { ...type, ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function definition({ name, description, inputSchema }: Tool): Json {
  return { name, description, inputSchema };
}

function noMethod(message: Message): Json {
  return errorTo(message, -32601, `Method not found: ${message.method}`);
}

function errorTo(message: Message | undefined, code: number, text: string): Json {
  return { jsonrpc: '2.0', id: message?.id ?? null, error: { code, message: text } };
}
