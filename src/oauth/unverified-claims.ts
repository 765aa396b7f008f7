/** What a JWT says, read without a look at its signature: never to decide by, unless something else vouches for it. */

/** The claims of the payload (RFC 7519 7.2, without the checks); undefined: it is no signed JWT, or says nothing. */
export function unverifiedClaims(jwt: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature, ...more] = jwt.split('.');
  if (payload === undefined || signature === undefined || more.length > 0) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
