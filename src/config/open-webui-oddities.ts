/** What of the ways in which Open WebUI's users are known has no effect, or does harm. */

import type { Environment } from './interpolate.ts';
import { type Guard, isGuarded, verifiesTokens } from './open-webui.ts';
import type { SettingsReader } from './settings-reader.ts';
import { isPrivateHost } from './values.ts';

export interface Judged extends Guard {
  readonly strictAuth: boolean;
  readonly documentKey?: string;
}

/** Tells `read`; what depends on the servers is told by `checkExposure`. */
export function judgeOpenWebui(settings: Judged, env: Environment, read: SettingsReader): void {
  warnOfIdleHeaders(settings, read);
  warnOfOpenTokens(settings, read);
  const { openWebui, auth, strictAuth, documentKey } = settings;
  const verifies = verifiesTokens(openWebui);
  if (openWebui.verifyJwt === false && isGuarded(settings)) {
    read.warning('--no-verify-jwt', 'has no effect where a credential is asked for, or tokens can be verified');
  }
  if (verifies && (strictAuth || auth !== undefined) && documentKey === undefined) {
    const message = 'Open WebUI cannot read the documents: it asks for them without a credential';
    read.warning('--document-key', message, 'set one, and use the address that holds it');
  }
  reportReuse(settings, env, read);
}

function warnOfIdleHeaders({ apiKey, openWebui }: Judged, read: SettingsReader): void {
  const { userJwtSecret, trustForwardedUser } = openWebui;
  const signed = userJwtSecret !== undefined;
  if (apiKey === undefined) {
    const message = 'has no effect without an API key';
    const remedy = 'set --api-key, and the same key in Open WebUI';
    if (signed) read.warning('--user-jwt-secret', message, remedy);
    if (trustForwardedUser) read.warning('--trust-forwarded-user', message, remedy);
  } else if (signed && trustForwardedUser) {
    read.warning('--trust-forwarded-user', 'has no effect beside --user-jwt-secret: only the signed header counts');
  }
}

/** Each question shows Open WebUI the token of a user's session. */
function warnOfOpenTokens({ openWebui: { url, introspect } }: Judged, read: SettingsReader): void {
  if (url === undefined || !introspect) return;
  const { protocol, hostname, origin } = new URL(url);
  if (protocol !== 'http:' || isPrivateHost(hostname)) return;
  const message = `the tokens of users are sent to ${origin} in the clear: others on the way can read them`;
  read.warning('--open-webui-url', message, 'use https, or an address within your own network');
}

/** Whoever is given one of two equal secrets has the other. The document key stands in addresses, pages and logs. */
function reportReuse({ apiKey, openWebui, documentKey }: Judged, env: Environment, read: SettingsReader): void {
  const secrets: readonly [name: string, secret: string | undefined][] = [
    ['--webui-secret-key', openWebui.secretKey],
    ['--user-jwt-secret', openWebui.userJwtSecret],
    ['--api-key', apiKey],
    ['LATCHKEY_SECRET', env.LATCHKEY_SECRET],
  ];
  for (const [index, [name, secret]] of secrets.entries()) {
    if (secret === undefined) continue;
    if (secret === documentKey) {
      read.problem('--document-key', `is the same as ${name}`, 'it stands in addresses: make one of its own');
    }
    const twin = index > 1 ? undefined : secrets.slice(index + 1).find(([, other]) => other === secret);
    if (twin !== undefined) read.warning(name, `is the same as ${twin[0]}`, 'make one of its own for each purpose');
  }
}
