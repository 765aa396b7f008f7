/** Who a request comes from, at the place that it asks for: a server with a secret of its own knows its callers itself. */
import type { FastifyRequest } from 'fastify';
import { isLoopbackHost } from '../config/values.ts';
import { GatewayError } from '../errors.ts';
import type { Identity } from '../identity/authenticators.ts';
import { type Authorization, readAuthorization } from '../identity/authorization.ts';
import { type Credentials, type Realm, WHOLE_GATEWAY } from '../identity/credentials.ts';
import { ANONYMOUS, type Principal } from '../identity/principal.ts';
import type { Server } from '../upstream/server.ts';
import { countHeader, header } from './context.ts';
import { hostName } from './origin.ts';
import { sessionPrincipal } from './session-principal.ts';

/** What `server` asks of tokens; undefined: the gateway as a whole. */
export function realmOf(server: Server | undefined): Realm {
  if (server === undefined) return WHOLE_GATEWAY;
  const secretKey = server.config.oauth?.webuiSecretKey;
  // One login for all asks nobody who they are.
  if (!server.isPersonal) return WHOLE_GATEWAY;
  return secretKey === undefined ? { isPersonal: true } : { isPersonal: true, secretKey };
}

/** The request as authenticators see it. A class, and lazy: there is one for each call, and most look at nothing but the first. */
class RequestCredentials implements Credentials {
  readonly authorization: Authorization;
  readonly #request: FastifyRequest;
  readonly #isLocalOnly: boolean;

  constructor(request: FastifyRequest, isLocalOnly: boolean, authorization: Authorization) {
    this.authorization = authorization;
    this.#request = request;
    this.#isLocalOnly = isLocalOnly;
  }

  get from(): string {
    return this.#request.ip ?? '';
  }

  get isLocal(): boolean {
    return this.#isLocalOnly && isFromThisMachine(this.#request);
  }

  header(name: string): string | undefined {
    return onlyHeader(this.#request, name);
  }
}

/** `authorization`: where cookies and the like were judged already. */
export function credentialsOf(
  request: FastifyRequest,
  isLocalOnly: boolean,
  authorization = readAuthorization(request.headers.authorization),
): Credentials {
  return new RequestCredentials(request, isLocalOnly, authorization);
}

function onlyHeader(request: FastifyRequest, name: string): string | undefined {
  if (countHeader(request, name) > 1)
    throw new GatewayError('bad_request', 400, `Send one ${name} header, not several.`);
  return header(request, name);
}

/** What pages send, and proxies add. */
const PASSED_ON =
  /^(?:origin|forwarded|via|x-forwarded(?:-.*)?|x-original-.*|cf-.*|(?:x-)?(?:real|client|true-client|cluster-client)-ip)$/;

/** A proxy on this machine has a loopback address too, but says that it passes something on, or for which name it was asked. */
export function isFromThisMachine(request: FastifyRequest): boolean {
  const { remoteAddress = '' } = request.socket;
  const isLoopback = /^(?:127\.|::ffff:127\.)/.test(remoteAddress) || remoteAddress === '::1';
  return (
    isLoopback &&
    isLoopbackHost(hostName(header(request, 'host') ?? '')) &&
    !Object.keys(request.headers).some((name) => PASSED_ON.test(name))
  );
}

/**
 * Who the caller is at `server`, in an answer that is about several. A token that does not count there makes nobody of
 * the caller there, and says nothing of the rest.
 */
export function callerAt(
  identity: Identity,
  isLocalOnly: boolean,
  server: Server,
  request: FastifyRequest,
): Principal | Promise<Principal> {
  const { place, principal: here, browser } = request;
  if (place?.server === server) return here;
  const realm = realmOf(server);
  if (realm.secretKey === realmOf(place?.server).secretKey && here.via !== 'anonymous') return here;
  if (browser !== undefined) return sessionPrincipal(browser.session, identity, realm);
  const credentials = credentialsOf(request, isLocalOnly);
  const { authorization } = credentials;
  // What browsers send unasked was judged already, as a whole.
  if (authorization.scheme !== 'bearer' || !identity.reads(authorization, realm)) return here;
  try {
    const principal = identity.authenticate(credentials, realm);
    return principal instanceof Promise ? principal.catch(nobody) : principal;
  } catch (error) {
    return nobody(error);
  }
}

function nobody(error: unknown): Principal {
  if (error instanceof GatewayError) return ANONYMOUS;
  throw error;
}
