/** Whether a request belongs to a login that was begun in a chat: there a new link helps, and beginning at this gateway does not. */
import type { FastifyRequest } from 'fastify';
import { flowId } from '../oauth/flow.ts';
import { cookiesOf } from './browser-sessions.ts';
import { linkCookie } from './hand-off-cookies.ts';

/** As it was sent. */
export function queryOf({ url }: FastifyRequest): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : url.slice(at));
}

/** A link made for somebody was opened, a good one or not. */
export function comesByLink(request: FastifyRequest): boolean {
  return queryOf(request).has('ticket');
}

/** The login that comes back here was begun through such a link, by this browser. */
export function wasBegunByLink(request: FastifyRequest): boolean {
  const state = queryOf(request).get('state');
  return state !== null && cookiesOf(request)[linkCookie(flowId(state))] !== undefined;
}
