/** What the log line and the metrics of an MCP request, or of a call of `/api`, may say: names that the specification or a server's list knows. */
import type { FastifyRequest } from 'fastify';
import type { Gateway } from '../../gateway.ts';
import type { LineHost } from '../../mcp/lines/line-host.ts';
import { CLIENT_REQUESTS } from '../../mcp/methods.ts';
import { isRecord } from '../../schema/json-schema.ts';
import type { Tool } from '../../upstream/catalog.ts';
import type { Message } from '../../upstream/peer/message.ts';
import type { Server } from '../../upstream/server.ts';
import type { Called } from '../context.ts';
import type { Metrics } from '../metrics.ts';

/** Takes note of what is asked; of a batch, of the first request. Callers may send any method: not all are repeated. */
export function noteRequests({ mcp }: FastifyRequest, [first]: readonly Message[]): void {
  if (mcp === undefined || first === undefined || !CLIENT_REQUESTS.has(first.method)) return;
  mcp.method = first.method;
  if (first.method !== 'tools/call') return;
  const { name } = first.params;
  mcp.called = mcp.server === undefined ? calledAmong(mcp.servers, name) : calledAt(mcp.server, name);
}

function calledAt(server: Server, name: unknown): Called | undefined {
  const tool = toolNamed(server, name);
  return tool === undefined ? undefined : { server, tool };
}

/** By the plain form of the name, which nearly all have. */
function calledAmong(servers: ReadonlyMap<string, Server>, name: unknown): Called | undefined {
  if (typeof name !== 'string') return undefined;
  for (const server of servers.values()) {
    const prefix = `${server.name}__`;
    const called = name.startsWith(prefix) ? calledAt(server, name.slice(prefix.length)) : undefined;
    if (called !== undefined) return called;
  }
  return undefined;
}

/** Takes note of what went wrong, by its own code where it is one of ours; a tool may also say so in its result. */
export function noteAnswer(request: FastifyRequest, { error, result }: Message): void {
  if (error !== undefined) {
    const { data } = error;
    const own = isRecord(data) && typeof data.error === 'string' && isCode(data.error) ? data.error : undefined;
    request.errorCode = own ?? 'rpc_error';
  } else if (result?.isError === true && (request.mcp === undefined || request.mcp.method === 'tools/call')) {
    request.errorCode = 'tool_error';
  }
}

/** A server may say anything in its errors, and what it says must not become a label of ours. */
function isCode(text: string): boolean {
  return /^[a-z_]{1,40}$/.test(text);
}

/** A tool that the server lists, by the name that it has there. */
export function toolNamed(server: Server, name: unknown): Tool | undefined {
  const catalog = server.isPersonal ? server.learned : server.catalog;
  const found = typeof name === 'string' ? catalog?.byPath.get(name) : undefined;
  // Few have moved to another path.
  return found?.name === name ? found : catalog?.tools.find((tool) => tool.name === name);
}

/** Counts the tool calls that come over MCP, by names that servers list. */
export function callMeter(gateway: Gateway, metrics: Metrics): LineHost['onCall'] {
  return (name, called, ms, code) => {
    const server = gateway.servers.get(name);
    const tool = server === undefined ? undefined : toolNamed(server, called);
    if (server !== undefined && tool !== undefined) metrics.record(server, tool, ms, code);
  };
}
