/** Answers `connect_<server>` over REST. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../gateway.ts';
import { CONNECT_ARGUMENTS, codeIn, connectAnswer } from '../mcp/login/connect.ts';
import { readArguments } from './arguments.ts';
import type { CallTarget } from './context.ts';
import { readerOf } from './login-link.ts';
import { JSON_TYPE } from './media-types.ts';

export type ConnectAnswer = (target: CallTarget, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** One or two sentences, as a JSON string: people and models read them. What goes wrong is thrown. */
export function connectAnswers(gateway: Gateway, howToName: string): ConnectAnswer {
  return async ({ server, owner }, request, reply) => {
    const code = codeIn(readArguments(request, { arguments: CONNECT_ARGUMENTS }));
    const text = await connectAnswer(gateway, { server, owner, code, reader: readerOf(request), howToName });
    return reply.header('cache-control', 'private, no-store').type(JSON_TYPE).send(JSON.stringify(text));
  };
}
