/** What of the ways in which Open WebUI's users are known has no effect, or does harm. */

import type { Flags } from './flags.ts';
import type { Environment } from './interpolate.ts';
import type { ConfigSource } from './load.ts';
import { type Guard, isGuarded, verifiesTokens } from './open-webui.ts';
import { type Place, placeOf, type SettingName } from './setting-places.ts';
import type { SettingsReader } from './settings-reader.ts';
import { isPrivateHost } from './values.ts';

export interface Judged extends Guard {
  readonly strictAuth: boolean;
  readonly documentKey?: string;
  readonly source: ConfigSource;
}

/** Tells `read`; what depends on the servers is told by `checkExposure`. */
export function judgeOpenWebui(settings: Judged, flags: Flags, env: Environment, read: SettingsReader): void {
  const tell = new Teller(read, (name) => placeOf(name, flags, env, settings.source));
  warnOfIdleHeaders(settings, tell);
  warnOfOpenTokens(settings, tell);
  const { openWebui, auth, strictAuth, documentKey } = settings;
  const verifies = verifiesTokens(openWebui);
  if (openWebui.verifyJwt === false && isGuarded(settings)) {
    tell.warning('verifyJwt', 'has no effect where a credential is asked for, or tokens can be verified');
  }
  if (verifies && (strictAuth || auth !== undefined) && documentKey === undefined) {
    const message = 'Open WebUI cannot read the documents: it asks for them without a credential';
    tell.warning('documentKey', message, 'set one, and use the address that holds it');
  }
  reportReuse(settings, env, tell);
}

/** Says what is odd at the place where the setting stands. */
class Teller {
  readonly #read: SettingsReader;
  readonly #place: (name: SettingName) => Place;

  constructor(read: SettingsReader, place: (name: SettingName) => Place) {
    this.#read = read;
    this.#place = place;
  }

  /** As the place that gives it calls it. */
  name(name: SettingName): string {
    return this.#place(name).path;
  }

  warning(name: SettingName, message: string, remedy?: string): void {
    this.#read.warnings.push({ ...this.#place(name), message, ...(remedy === undefined ? {} : { remedy }) });
  }

  problem(name: SettingName, message: string, remedy: string): void {
    this.#read.problems.push({ ...this.#place(name), message, remedy });
  }
}

function warnOfIdleHeaders({ apiKey, openWebui }: Judged, tell: Teller): void {
  const { userJwtSecret, trustForwardedUser } = openWebui;
  const signed = userJwtSecret !== undefined;
  if (apiKey === undefined) {
    const message = 'has no effect without an API key';
    const remedy = 'set --api-key, and the same key in Open WebUI';
    if (signed) tell.warning('userJwtSecret', message, remedy);
    if (trustForwardedUser) tell.warning('trustForwardedUser', message, remedy);
  } else if (signed && trustForwardedUser) {
    const message = `has no effect beside ${tell.name('userJwtSecret')}: only the signed header counts`;
    tell.warning('trustForwardedUser', message);
  }
}

/** Each question shows Open WebUI the token of a user's session. */
function warnOfOpenTokens({ openWebui: { url, introspect } }: Judged, tell: Teller): void {
  if (url === undefined || !introspect) return;
  const { protocol, hostname, origin } = new URL(url);
  if (protocol !== 'http:' || isPrivateHost(hostname)) return;
  const message = `the tokens of users are sent to ${origin} in the clear: others on the way can read them`;
  tell.warning('openWebuiUrl', message, 'use https, or an address within your own network');
}

/** Whoever is given one of two equal secrets has the other. The document key stands in addresses, pages and logs. */
function reportReuse({ apiKey, openWebui, documentKey }: Judged, env: Environment, tell: Teller): void {
  const secrets: readonly [name: SettingName | 'LATCHKEY_SECRET', secret: string | undefined][] = [
    ['webuiSecretKey', openWebui.secretKey],
    ['userJwtSecret', openWebui.userJwtSecret],
    ['apiKey', apiKey],
    ['LATCHKEY_SECRET', env.LATCHKEY_SECRET],
  ];
  const called = (name: SettingName | 'LATCHKEY_SECRET') => (name === 'LATCHKEY_SECRET' ? name : tell.name(name));
  for (const [index, [name, secret]] of secrets.entries()) {
    if (secret === undefined) continue;
    if (secret === documentKey) {
      tell.problem('documentKey', `is the same as ${called(name)}`, 'it stands in addresses: make one of its own');
    }
    const twin = index > 1 ? undefined : secrets.slice(index + 1).find(([, other]) => other === secret);
    if (twin === undefined || name === 'LATCHKEY_SECRET') continue;
    tell.warning(name, `is the same as ${called(twin[0])}`, 'make one of its own for each purpose');
  }
}
