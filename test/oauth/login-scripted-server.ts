/** An authorization server that answers what a test tells it to: for answers that no real server can be made to give. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Listening, listen } from '../helpers/listen.ts';

export interface Answer {
  readonly status?: number;
  /** Objects are sent as JSON, text as HTML. */
  readonly body: unknown;
}

export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  /** Of a form or of JSON. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ScriptedServer {
  readonly issuer: string;
  readonly asked: Asked[];
  /** Fields of the metadata, in place of the usual ones. */
  metadata: Record<string, unknown>;
  /** May be functions, to answer each request differently. */
  token: Answer | ((asked: Asked) => Answer);
  register: Answer | ((asked: Asked) => Answer);
  /** Requests to one endpoint. */
  at(path: string): Asked[];
  close(): Promise<void>;
}

export const TOKENS = { access_token: 'scripted-access', token_type: 'Bearer', expires_in: 600 };

export async function startScriptedServer(): Promise<ScriptedServer> {
  const listening: Listening = await listen((request, response) => void handle(server, request, response));
  const server: ScriptedServer = {
    issuer: listening.origin,
    asked: [],
    metadata: {},
    token: { body: TOKENS },
    register: { status: 201, body: { client_id: 'scripted-client' } },
    at: (path) => server.asked.filter((asked) => asked.path === path),
    close: () => listening.stop(),
  };
  return server;
}

async function handle(server: ScriptedServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '';
  if (path === '/.well-known/oauth-authorization-server') return send(response, { body: documentOf(server) });
  const { authorization } = request.headers;
  const asked = { path, authorization, body: await readBody(request) };
  server.asked.push(asked);
  const answer = path === '/token' ? server.token : path === '/register' ? server.register : { status: 404, body: '' };
  send(response, typeof answer === 'function' ? answer(asked) : answer);
}

function documentOf({ issuer, metadata }: ScriptedServer): unknown {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    code_challenge_methods_supported: ['S256'],
    ...metadata,
  };
}

function send(response: ServerResponse, { status = 200, body }: Answer): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/html' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  const isJson = request.headers['content-type'] === 'application/json';
  return isJson ? (JSON.parse(text) as Record<string, unknown>) : Object.fromEntries(new URLSearchParams(text));
}

/** The callback that such a server would send the browser to. */
export function answerTo(authorizationUrl: URL, parameters: Readonly<Record<string, string>> = {}): URLSearchParams {
  return new URLSearchParams({
    state: authorizationUrl.searchParams.get('state') ?? '',
    code: 'scripted-code',
    ...parameters,
  });
}
