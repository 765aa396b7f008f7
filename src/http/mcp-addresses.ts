/** Where MCP clients reach the servers, and what their people paste, for the page at `/` and for programs. */
import type { FastifyRequest } from 'fastify';
import type { Server } from '../upstream/server.ts';
import { type McpModel, mcpSnippets, TOKEN_PLACEHOLDER } from '../web/mcp-snippets.ts';
import { gatewayName, type ServerModel } from '../web/models.ts';
import { realmOf } from './caller.ts';
import type { Site } from './site.ts';
import { canMakeTokens, type TokenSite, tokenMaker } from './token-panel.ts';

/** Of one server; `path` as in `ServerModel`. */
export function serverMcpUrl({ publicBase, single }: Site, path: string): string {
  return `${publicBase}${single === undefined ? path : ''}/mcp`;
}

/** Of all servers together. */
export function allMcpUrl({ publicBase }: Site): string {
  return `${publicBase}/mcp`;
}

/** How a client is pointed at one server. */
export function serverMcp(site: TokenSite, server: Server, model: ServerModel, request: FastifyRequest): McpModel {
  const url = serverMcpUrl(site, model.path);
  const base = url.slice(0, -'/mcp'.length);
  const name = site.single === undefined ? model.name : gatewayName(site.title);
  const others = namesBeside(site).filter((other) => other !== name);
  const facts = { name, others, url, documentUrl: `${base}/openapi.json`, token: placeholder(site) };
  return { url, hints: hintsAt(site, server, request), snippets: mcpSnippets(facts) };
}

/** How a client is pointed at all servers; `token`: what it says who it is by, default: the placeholder for it. */
export function allMcp(site: TokenSite, request: FastifyRequest, token?: string): McpModel {
  const url = allMcpUrl(site);
  const documentUrl = `${site.publicBase}/openapi.json`;
  const facts = {
    name: gatewayName(site.title),
    others: namesBeside(site),
    url,
    documentUrl,
    token: token ?? placeholder(site),
  };
  const hints = token === undefined ? hintsForAll(site, request) : [];
  return { url, hints, snippets: mcpSnippets(facts) };
}

/** A single server has but one entry. */
function namesBeside({ gateway, single }: Site): readonly string[] {
  return single === undefined ? [...gateway.servers.keys()] : [];
}

function placeholder({ identity }: Site): string | undefined {
  return identity.required ? TOKEN_PLACEHOLDER : undefined;
}

function hintsAt(site: TokenSite, server: Server, request: FastifyRequest): string[] {
  if (realmOf(server).secretKey !== undefined && request.principal.via === 'openwebui') {
    return ['This server knows users of Open WebUI by a secret of its own: their access tokens do not count here.'];
  }
  if (!server.isPersonal || canMakeTokens(site)) return hintsForAll(site, request);
  return [
    'Each person has an account of their own here, and this gateway has nothing by which a client could say whose to use: its operator can set up accounts with `auth` in the configuration.',
  ];
}

function hintsForAll(site: TokenSite, request: FastifyRequest): string[] {
  if (!site.identity.required) return [];
  const instead = `Instead of ${TOKEN_PLACEHOLDER} goes`;
  if (tokenMaker(site, request) !== undefined) return [`${instead} an access token, which you make below.`];
  if (canMakeTokens(site)) return [`${instead} an access token: sign in, and make one on this page.`];
  return [`${instead} the key or token that lets you in here.`];
}
