/** Errors for people: a page with what happened and what to do, where a program would get JSON. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayError } from '../errors.ts';
import { LoginError } from '../oauth/errors.ts';
import { ASK_IN_CHAT } from '../oauth/hand-off-failures.ts';
import type { FailureModel } from '../web/models.ts';
import { failurePage } from '../web/views.ts';
import { rawPath, wantsHtml } from './context.ts';
import { recordError } from './errors.ts';
import { comesByLink, wasBegunByLink } from './hand-off-signs.ts';
import { frame, type Site, sendPage } from './site.ts';

/** True where the error belongs on a page. */
export function isForPerson(request: FastifyRequest): boolean {
  return request.routeOptions.config?.page === true && wantsHtml(request);
}

export function sendFailure(
  site: Site,
  error: GatewayError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  recordError(error, request);
  reply.code(error.status).headers(error.headers).header('x-latchkey-error', error.code);
  return sendPage(reply, failurePage(model(site, error, request)));
}

function model(site: Site, error: GatewayError, request: FastifyRequest): FailureModel {
  const shared = {
    ...frame(site, request),
    code: error.code,
    requestId: request.id,
    backUrl: `${site.rootPath}/`,
  };
  if (!(error instanceof LoginError)) {
    const title = error.status < 500 ? 'That did not work' : 'Something went wrong';
    return { ...shared, heading: title, title, what: error.message, remedy: remedyFor(error) };
  }
  const { title, message, remedy, provider } = error;
  // What begins anew here would be the browser's own, not the chat's; and the link is used up.
  const isOfChat = error.retry && (comesByLink(request) || wasBegunByLink(request));
  const retryUrl = error.retry && !isOfChat ? retryOf(site, request) : undefined;
  return {
    ...shared,
    heading: title,
    title,
    what: message,
    remedy: isOfChat ? `${remedy} ${ASK_IN_CHAT}` : remedy,
    ...(provider === undefined ? {} : { provider }),
    ...(retryUrl === undefined ? {} : { retryUrl }),
  };
}

/** The start of the same login; its path stands beside the one that failed. */
function retryOf({ rootPath }: Site, request: FastifyRequest): string | undefined {
  const path = rawPath(request.url);
  return path.startsWith('/oauth/') ? `${rootPath}${path.replace(/[^/]*\/?$/, 'authorize')}` : undefined;
}

function remedyFor(error: GatewayError): string {
  switch (error.code) {
    case 'too_many_attempts':
      return 'Wait a moment, then try again.';
    case 'form_expired':
      return 'Go back to the servers, and try again from there.';
    case 'not_found':
      return 'Go back to the servers and choose one from there.';
    default:
      return 'Go back and try again. If it stays like this, tell the operator of this gateway the code and the request below.';
  }
}
