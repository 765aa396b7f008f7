/** Turns everything thrown into an answer: a stable code, a public body, and never a stack trace. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FileShape } from '../config/model.ts';
import { GatewayError } from '../errors.ts';
import { LoginError, LoginNeeded, type Told } from '../oauth/errors.ts';
import { stringifyJson } from '../schema/json.ts';
import { RpcError } from '../upstream/jsonrpc.ts';
import { rpcFailure } from '../upstream/result.ts';
import { inContract } from './acehoss/errors.ts';
import { readsJsonRpc, refusalText } from './mcp/refusal.ts';
import { JSON_TYPE } from './media-types.ts';

/** `forPeople` answers with a page, where it is for it. */
export type PageAnswer = (
  error: GatewayError,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply | undefined;

export interface ErrorAnswers {
  readonly forPeople: PageAnswer;
  /** What a caller is told who has to sign in at the server of that name. */
  readonly toldTo: (server: string, request: FastifyRequest) => Promise<Told>;
  /** How an MCP client shows a credential here, in words. */
  readonly howToShow: string;
  readonly shape: FileShape;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** As in `ErrorAnswers`. */
    howToShow: string;
    /** Whose answers callers know. */
    shape: FileShape;
  }
}

export function installErrorHandlers(app: FastifyInstance, answers: ErrorAnswers): void {
  const { forPeople, toldTo, howToShow, shape } = answers;
  app.decorate('howToShow', howToShow);
  app.decorate('shape', shape);
  app.setErrorHandler(async (thrown, request, reply) => {
    const found = toGatewayError(thrown, request);
    const error = found instanceof LoginNeeded ? found.told(await toldTo(found.server, request)) : found;
    return forPeople(error, request, reply) ?? answerError(error, request, reply);
  });
  app.setNotFoundHandler((request, reply) => answerError(notFound(), request, reply));
}

export function notFound(): GatewayError {
  return new GatewayError('not_found', 404, 'Not Found');
}

export function answerError(thrown: GatewayError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  recordError(thrown, request);
  const error = inContract(thrown, request);
  reply.code(error.status).headers(error.headers).header('x-latchkey-error', error.code);
  if (error.text !== undefined) return sendText(error.text, reply);
  return reply
    .type(JSON_TYPE)
    .send(
      readsJsonRpc(error, request) ? refusalText(error, request, request.server.howToShow) : bodyOf(error, request),
    );
}

function sendText(text: string, reply: FastifyReply): FastifyReply {
  return text === '' ? reply.send() : reply.type('text/plain; charset=utf-8').send(text);
}

/** For the log, which alone reads what is private. */
export function recordError(error: GatewayError, request: FastifyRequest): void {
  request.errorCode = error.code;
  if (error.privateDetail === undefined) return;
  const level = error instanceof LoginError && error.status >= 500 ? 'warn' : 'info';
  request.log[level]({ reqId: request.id, code: error.code, detail: error.privateDetail }, error.message);
}

/** What came from outside may be nested too deeply to be written. */
function bodyOf(error: GatewayError, request: FastifyRequest): string {
  if (error.body !== undefined) return JSON.stringify({ ...error.body, request_id: request.id });
  try {
    return stringifyJson({ detail: error.detail });
  } catch {
    return JSON.stringify({ detail: { message: error.message } });
  }
}

export function toGatewayError(error: unknown, request: FastifyRequest): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof RpcError) return rpcFailure(error);
  const known = fromFastify(error as FastifyError);
  if (known !== undefined) return known;
  request.log.error({ reqId: request.id, err: error }, 'unexpected error');
  const message = `Internal error; the log has it under request ${request.id}.`;
  return new GatewayError('internal', 500, message, { detail: { message } });
}

function fromFastify(error: FastifyError): GatewayError | undefined {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new GatewayError('body_too_large', 413, 'The request body is too large; the limit is 32 MiB.');
  }
  const status = error.statusCode;
  if (status === undefined || status < 400 || status >= 500) return undefined;
  return new GatewayError('bad_request', status, error.message);
}
