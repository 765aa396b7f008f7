/** From the raw body of a request to the arguments of a tool, or mcpo's 422. */
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import type { ArgumentProblem } from '../schema/arguments.ts';
import { jsonProblem, parseJson } from '../schema/json.ts';
import type { Tool } from '../upstream/catalog.ts';
import { header } from './context.ts';

/** The arguments, checked, coerced and with defaults. An absent or empty body means that there are none. */
export function readArguments(request: FastifyRequest, tool: Pick<Tool, 'arguments'>): Record<string, unknown> {
  const checked = tool.arguments.check(readBody(request, tool));
  if (!checked.ok) throw invalid(checked.problems);
  return checked.value;
}

function readBody(request: FastifyRequest, tool: Pick<Tool, 'arguments'>): unknown {
  // Editors and shells of Windows put a byte order mark in front.
  const text = typeof request.body === 'string' ? request.body.replace(/^\uFEFF/, '') : '';
  if (text.trim() === '') return undefined;
  try {
    // A body of another type is not looked into, as in mcpo: what arrives is a string, which is no object.
    return isJson(header(request, 'content-type')) ? parseJson(text) : text;
  } catch (error) {
    // mcpo ignores whatever comes for a tool without arguments.
    if (!tool.arguments.declaresProperties) return undefined;
    throw invalid([jsonProblem(error, text)], 'invalid_json');
  }
}

/** `application/json` and `application/*+json`; an absent type counts as JSON. */
function isJson(type: string | undefined): boolean {
  if (type === undefined) return true;
  const essence = (type.split(';', 1)[0] ?? '').trim().toLowerCase();
  return essence === 'application/json' || (essence.startsWith('application/') && essence.endsWith('+json'));
}

function invalid(
  problems: readonly ArgumentProblem[],
  code: 'invalid_arguments' | 'invalid_json' = 'invalid_arguments',
): GatewayError {
  return new GatewayError(code, 422, 'The arguments are invalid.', { detail: problems });
}
