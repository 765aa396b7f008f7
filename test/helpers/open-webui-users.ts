/** Tokens and headers as Open WebUI makes them. */
import { SignJWT } from 'jose';

/** Long enough for a secret, and no example of anybody. */
export const WEBUI_SECRET = 'q7Vn2mXw9Tz4Kc8Rb1Ld6Hs3Yf0Gp5Ja';
export const USER_JWT_SECRET = 'Zk4Wd9Qx7Lm2Vt8Bn5Rc1Hy6Js3Fg0Pe';

export interface TokenOptions {
  readonly secret?: string;
  /** Over the usual ones; `undefined` removes one. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** The token of a user's session, as 0.12 signs it in. */
export async function sessionToken(id: string, options: TokenOptions = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const usual = { id, typ: 'session', auth_method: 'password', exp: now + 3600, jti: `jti-${id}-${now}`, iat: now };
  return signed({ ...usual, ...options.claims }, options, WEBUI_SECRET);
}

/** The value of `X-OpenWebUI-User-Jwt`. */
export async function userJwt(id: string, options: TokenOptions = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const usual = { sub: id, email: `${id}@example.org`, name: `Name of ${id}`, role: 'user', iss: 'open-webui' };
  return signed({ ...usual, iat: now, exp: now + 300, ...options.claims }, options, USER_JWT_SECRET);
}

/** The `Authorization` header of a call. */
export async function bearer(id: string, options: TokenOptions = {}): Promise<{ readonly authorization: string }> {
  return { authorization: `Bearer ${await sessionToken(id, options)}` };
}

function signed(claims: Record<string, unknown>, options: TokenOptions, secret: string): Promise<string> {
  const given = Object.entries(claims).filter(([, value]) => value !== undefined);
  return new SignJWT(Object.fromEntries(given))
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...options.header })
    .sign(new TextEncoder().encode(options.secret ?? secret));
}
