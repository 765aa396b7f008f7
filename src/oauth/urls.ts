/** Which URLs from the network may be asked, and which a browser may be sent to. */
import type { OAuthConfig } from '../config/model.ts';
import { isLoopbackHost } from '../config/values.ts';
import { LoginError } from './errors.ts';
import { metadataRejected } from './metadata-errors.ts';

export type UrlPolicy = Pick<OAuthConfig, 'allowInsecureHttp'>;

const MAX_LENGTH = 2048;

/**
 * A URL that we send requests to ourselves: https, or http to this machine, or http with `allow_insecure_http`
 * (OAuth 2.1 section 1.5), and no credentials in it. `name` is what the error calls it, e.g. `token_endpoint`.
 * Throws `LoginError`: `address_not_allowed` for plain http, else `metadata_rejected`.
 */
export function requestUrl(text: string, name: string, policy: UrlPolicy): URL {
  if (text.length > MAX_LENGTH) throw rejected(name, `is longer than ${MAX_LENGTH} characters`);
  if (!URL.canParse(text)) throw rejected(name, 'is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw rejected(name, 'is neither https nor http');
  if (url.username !== '' || url.password !== '') throw rejected(name, 'has a user name or a password in it');
  if (url.protocol === 'http:' && !policy.allowInsecureHttp && !isLoopbackHost(url.hostname))
    throw insecure(name, url.host);
  return url;
}

/**
 * A URL that a browser is sent to, by the same rules: an allowlist of schemes leaves no way for `javascript:`, `data:`
 * or `file:`. Without a fragment (RFC 6749 3.1), which would swallow the parameters that we append.
 */
export function browserUrl(text: string, name: string, policy: UrlPolicy): URL {
  const url = requestUrl(text, name, policy);
  if (url.hash !== '') throw rejected(name, 'has a fragment');
  return url;
}

function rejected(name: string, what: string): LoginError {
  return metadataRejected(`The ${name} that the server or its authorization server gives ${what}.`);
}

function insecure(name: string, host: string): LoginError {
  return new LoginError({
    code: 'address_not_allowed',
    status: 502,
    title: 'The sign-in would not be encrypted',
    message: `The ${name} at ${host} uses plain http, which others on the network can read.`,
    remedy:
      'Use https there; on a network that you trust set "allow_insecure_http": true in the "oauth" of this server.',
  });
}
