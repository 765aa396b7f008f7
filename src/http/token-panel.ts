/** The part of the page at `/` where people who are signed in make access tokens. */
import type { FastifyRequest } from 'fastify';
import type { PersonalTokens } from '../identity/personal-tokens.ts';
import { isProven, type Principal } from '../identity/principal.ts';
import type { Settings } from '../settings.ts';
import { type TokensModel, tokensModel } from '../web/token-models.ts';
import type { Site } from './site.ts';

export interface TokenSite extends Site {
  readonly settings: Pick<Settings, 'auth'>;
  readonly tokens: PersonalTokens;
}

/** Below a name that no server can have. */
export const TOKENS = '/login/tokens';
export const REVOKE_TOKEN = `${TOKENS}/revoke`;

export interface TokenMaker {
  readonly person: Principal;
  /** What shows now that it is the person; see `Identity.proofOf`. */
  readonly proof: string;
}

/**
 * The person whose tokens the request may see and make; undefined: a visitor, whoever has just an API key, or a program,
 * which has no session. So no token makes another one: who has found one must not be able to stay for good.
 */
export function tokenMaker(
  { identity }: Pick<Site, 'identity'>,
  { browser, principal }: FastifyRequest,
): TokenMaker | undefined {
  if (browser === undefined || !isProven(principal)) return undefined;
  const proof = identity.proofOf(principal);
  return proof === undefined ? undefined : { person: principal, proof };
}

/** True where somebody could sign in so that they can make tokens. */
export function canMakeTokens({ settings: { auth }, readsOpenWebuiCookie }: TokenSite): boolean {
  return readsOpenWebuiCookie || (auth !== undefined && auth.basic.length + auth.bearer.length > 0);
}

/** Undefined for whoever may not make any. */
export async function tokensPanel(site: TokenSite, request: FastifyRequest): Promise<TokensModel | undefined> {
  const maker = tokenMaker(site, request);
  if (maker === undefined || request.browser === undefined) return undefined;
  const form = {
    createUrl: `${site.rootPath}${TOKENS}`,
    revokeUrl: `${site.rootPath}${REVOKE_TOKEN}`,
    csrf: site.sessions.formToken(request.browser.session),
  };
  return tokensModel(await site.tokens.list(maker.person.id), form, Date.now());
}
