/** What the routes of logins share: the server that a path names, who asks, and how often an address may. */
import type { FastifyRequest } from 'fastify';
import type { FailureLimiter } from '../identity/failure-limiter.ts';
import { identityRequired } from '../oauth/errors.ts';
import { usedWithoutLogin } from '../oauth/login-failures.ts';
import type { Owner, ProtectedServer } from '../oauth/model.ts';
import type { Server } from '../upstream/server.ts';
import { fromElsewhere } from './browser-sessions.ts';
import { isFetchedElsewhere } from './context.ts';
import { notFound } from './errors.ts';
import type { Site } from './site.ts';

export interface LoginRoutesOptions extends Site {
  /** Counts what makes us ask an authorization server, by address. */
  readonly attempts: FailureLimiter;
}

/** A server with logins, and what is asked of it. */
export interface LoginPlace {
  readonly server: Server;
  readonly guarded: ProtectedServer;
  readonly page: string;
}

export function loginPlaceOf({ place }: FastifyRequest): LoginPlace {
  if (place === undefined) throw notFound();
  const { server, rest: page } = place;
  if (server.guarded === undefined) throw usedWithoutLogin(server.name);
  return { server, guarded: server.guarded, page };
}

/** What a page elsewhere makes a browser fetch is no attempt of the person, and must not use theirs up. */
export function countAttempt({ attempts }: LoginRoutesOptions, request: FastifyRequest): void {
  if (isFetchedElsewhere(request)) throw fromElsewhere();
  attempts.count(request.ip);
}

/** Whose grant a login of the caller becomes. Throws `identity_required` where that is nobody. */
export function ownerAt({ gateway }: Pick<Site, 'gateway'>, server: Server, { principal }: FastifyRequest): Owner {
  const owner = gateway.ownerOf(server, principal);
  if (owner === undefined) throw identityRequired(server.name);
  return owner;
}
