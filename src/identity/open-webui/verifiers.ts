/** The ways to verify a token of Open WebUI: by a secret that signs it, by asking Open WebUI, or by both. */
import { hash } from 'node:crypto';
import type { OpenWebuiConfig } from '../../config/model.ts';
import { openWebuiPrincipal } from '../principal.ts';
import { unauthorized } from '../refusals.ts';
import { type ClaimRules, checkSession, checkUserId, checkUserJwt, isOfProgram } from './claims.ts';
import type { Introspection, Verdict } from './introspection.ts';
import type { Clock, Known, Verifier } from './known-users.ts';
import { signatureCheck } from './signature.ts';
import { readToken, type Token } from './token.ts';
import { labelOf } from './user-id.ts';

/** A user whom Open WebUI locks out is let in no longer than this. */
const ASKED_FRESH_MS = 60_000;

/** Sessions' tokens, by their signature with `secret`; `key` is the name of the setting that holds it. */
export function bySecret(secret: string, key: string, rules: ClaimRules, clock: Clock): Verifier {
  const checkSignature = sessionSignature(secret, key);
  return {
    fingerprint: fingerprint('secret', secret),
    verify: async (text) => {
      const token = readToken(text);
      await checkSignature(token);
      const endsAt = checkSession(token.claims, rules, clock.now());
      const principal = openWebuiPrincipal(checkUserId(token.claims.id, 'id'));
      return { principal, endsAt, freshUntil: endsAt };
    },
  };
}

/** Sessions' tokens, by what Open WebUI says; with a secret, which is asked first, also those of its programs. */
export function byAsking(
  introspection: Introspection,
  { url, secretKey }: Pick<OpenWebuiConfig, 'url' | 'secretKey'>,
  rules: ClaimRules,
  clock: Clock,
): Verifier {
  const checkSignature = secretKey === undefined ? undefined : sessionSignature(secretKey, 'webui_secret_key');
  return {
    fingerprint: fingerprint('asking', `${url}\0${secretKey ?? ''}`),
    verify: async (text, from) => {
      const token = readToken(text);
      await checkSignature?.(token);
      const endsAt = checkSession(token.claims, rules, clock.now());
      const isTrusted = checkSignature !== undefined;
      const verdict = await introspection.ask(text, from, isTrusted && isOfProgram(token.claims));
      const principal = principalOf(verdict, token, isTrusted);
      return { principal, endsAt, freshUntil: Math.min(endsAt, clock.now() + ASKED_FRESH_MS) };
    },
  };
}

/** What Open WebUI signs for one call of a user. */
export function byUserJwt(secret: string, clock: Clock): Verifier {
  const checkSignature = signatureCheck(
    secret,
    "open_webui.user_jwt_secret must be Open WebUI's FORWARD_USER_INFO_HEADER_JWT_SECRET.",
  );
  return {
    fingerprint: fingerprint('user-jwt', secret),
    verify: async (text) => {
      const token = readToken(text);
      await checkSignature(token);
      const { claims } = token;
      const endsAt = checkUserJwt(claims, clock.now());
      const principal = openWebuiPrincipal(checkUserId(claims.sub, 'sub'), labelOf(claims.name, claims.email));
      return { principal, endsAt, freshUntil: endsAt };
    },
  };
}

function sessionSignature(secret: string, key: string): ReturnType<typeof signatureCheck> {
  return signatureCheck(
    secret,
    `Sign in to Open WebUI again; if that does not help, ${key} must be the WEBUI_SECRET_KEY of this Open WebUI.`,
  );
}

/** Whom Open WebUI knows the token as; `isVerified`: its signature is right, so that its claims can be believed. */
function principalOf(verdict: Verdict, { claims }: Token, isVerified: boolean): Known['principal'] {
  switch (verdict.kind) {
    case 'live':
      if (claims.id !== undefined && claims.id !== verdict.id) throw refused('Open WebUI knows it as another user.');
      return openWebuiPrincipal(verdict.id, verdict.label, verdict.isAdmin);
    case 'pending':
      throw unauthorized(
        'invalid_credentials',
        'Your Open WebUI account is still pending: an administrator of Open WebUI must activate it first.',
      );
    case 'no-session':
      if (isVerified && isOfProgram(claims)) return openWebuiPrincipal(checkUserId(claims.id, 'id'));
      throw refused('Open WebUI does not take it as the session of a person.');
    case 'dead':
      throw refused('Open WebUI says that it is expired or revoked.');
  }
}

function refused(why: string): Error {
  return unauthorized('invalid_credentials', `This token does not count. ${why} Sign in to Open WebUI again.`);
}

function fingerprint(kind: string, secret: string): string {
  return hash('sha256', `${kind}\0${secret}`, 'base64url');
}
