/** What is answered where nothing takes the request: 405 if another method would be taken, else 404. */
import { GatewayError } from '../errors.ts';
import type { Place } from '../routing.ts';
import type { Server } from '../upstream/server.ts';
import { notFound } from './errors.ts';
import { MCP_METHODS } from './mcp/target.ts';

/** Each server has these, and so has the root. */
const DOCUMENTS = new Set(['openapi.json', 'docs', 'redoc']);

/** `place` is what the path (decoded) names, if it names anything. */
export function notTaken(place: Place<Server> | undefined, path: string): GatewayError {
  const rest = place?.rest ?? path.slice(1);
  const allow: string[] = [];
  if (DOCUMENTS.has(rest)) allow.push('GET', 'HEAD');
  if (rest === 'mcp') allow.push(...MCP_METHODS);
  if (place?.server.catalog?.byPath.has(rest) === true) allow.push('POST');
  if (allow.length === 0) return notFound();
  return new GatewayError('method_not_allowed', 405, 'Method Not Allowed', { headers: { allow: allow.join(', ') } });
}
