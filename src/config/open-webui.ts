/** How callers that come through Open WebUI are known: flags, environment and file in one. */

import type { Flags } from './flags.ts';
import type { Environment } from './interpolate.ts';
import type { ConfigSource } from './load.ts';
import { type AuthConfig, COMMAND_LINE, type OpenWebuiConfig } from './model.ts';
import { placeOf } from './setting-places.ts';
import type { SettingsReader } from './settings-reader.ts';
import { checkPublicUrl } from './values.ts';

/** Flags go before the environment, that before `file`. What is wrong goes to `read`. */
export function resolveOpenWebui(
  flags: Flags,
  env: Environment,
  file: Partial<OpenWebuiConfig> | undefined,
  source: ConfigSource,
  read: SettingsReader,
): OpenWebuiConfig {
  const address = read.either(
    ['--open-webui-url', flags.openWebuiUrl],
    ['OPEN_WEBUI_URL', env.OPEN_WEBUI_URL || undefined],
    checkPublicUrl,
  );
  const secretKey = read.secret(
    ['--webui-secret-key', flags.webuiSecretKey],
    ['WEBUI_SECRET_KEY', env.WEBUI_SECRET_KEY],
    file?.secretKey,
  );
  const userJwtSecret = read.secret(
    ['--user-jwt-secret', flags.userJwtSecret],
    ['LATCHKEY_USER_JWT_SECRET', env.LATCHKEY_USER_JWT_SECRET],
    file?.userJwtSecret,
  );
  const url = address ?? file?.url;
  const verifyJwt = flags.verifyJwt ?? file?.verifyJwt;
  if (file?.introspect === true && url === undefined) {
    const place = { file: source.kind === 'file' ? source.path : COMMAND_LINE, path: 'open_webui.introspect' };
    read.problems.push({ ...place, message: 'needs to know where to ask', remedy: 'set open_webui.url' });
  }
  if (file?.introspect === undefined && url !== undefined && secretKey !== undefined) {
    // A secret in the environment must not switch asking off unnoticed.
    const { path: secret } = placeOf('webuiSecretKey', flags, env, source);
    const message = `Open WebUI is not asked: tokens are verified by the secret in ${secret}`;
    const remedy =
      'set open_webui.introspect: true to ask as well, so that ended sessions do not count; false: so be it';
    read.warnings.push({ ...placeOf('openWebuiUrl', flags, env, source), message, remedy });
  }
  return {
    ...file,
    ...(url === undefined ? {} : { url }),
    introspect: file?.introspect ?? (url !== undefined && secretKey === undefined),
    ...(secretKey === undefined ? {} : { secretKey }),
    ...(userJwtSecret === undefined ? {} : { userJwtSecret }),
    trustForwardedUser: flags.trustForwardedUser ?? file?.trustForwardedUser ?? false,
    ...(verifyJwt === undefined ? {} : { verifyJwt }),
    allowWithoutExpiry: file?.allowWithoutExpiry ?? false,
  };
}

/** Which credentials the gateway knows. */
export interface Guard {
  readonly apiKey?: string;
  readonly auth?: AuthConfig;
  readonly openWebui: OpenWebuiConfig;
}

/** True where tokens of Open WebUI's users are verified, by a secret or by asking. */
export function verifiesTokens({ secretKey, introspect }: OpenWebuiConfig): boolean {
  return secretKey !== undefined || introspect;
}

/** True where headers beside the API key say for whom Open WebUI calls. */
export function namesUsers({ apiKey, openWebui }: Guard): boolean {
  return apiKey !== undefined && (openWebui.userJwtSecret !== undefined || openWebui.trustForwardedUser);
}

/** True where something must be shown to call a tool. */
export function isGuarded({ apiKey, auth, openWebui }: Guard): boolean {
  return apiKey !== undefined || auth !== undefined || verifiesTokens(openWebui);
}
