/** Where a setting that may be given in several places stands, so that what is said of it names that place. */

import type { Flags } from './flags.ts';
import type { Environment } from './interpolate.ts';
import type { ConfigSource } from './load.ts';
import { COMMAND_LINE, ENVIRONMENT, type Problem } from './model.ts';

interface Names {
  readonly flag: string;
  readonly variable?: string;
  /** In the file. */
  readonly key?: string;
}

const NAMES = {
  openWebuiUrl: { flag: '--open-webui-url', variable: 'OPEN_WEBUI_URL', key: 'open_webui.url' },
  webuiSecretKey: { flag: '--webui-secret-key', variable: 'WEBUI_SECRET_KEY', key: 'webui_secret_key' },
  userJwtSecret: {
    flag: '--user-jwt-secret',
    variable: 'LATCHKEY_USER_JWT_SECRET',
    key: 'open_webui.user_jwt_secret',
  },
  trustForwardedUser: { flag: '--trust-forwarded-user', key: 'open_webui.trust_forwarded_user' },
  verifyJwt: { flag: '--no-verify-jwt', key: 'verify_jwt' },
  documentKey: { flag: '--document-key', variable: 'LATCHKEY_DOCUMENT_KEY', key: 'document_key' },
  apiKey: { flag: '--api-key', variable: 'LATCHKEY_API_KEY' },
} as const satisfies Partial<Record<keyof Flags, Names>>;

export type SettingName = keyof typeof NAMES;

export type Place = Pick<Problem, 'file' | 'path'>;

/** The first place that gives the setting; where none does, the one to give it in. */
export function placeOf(name: SettingName, flags: Flags, env: Environment, source: ConfigSource): Place {
  const { flag, variable, key }: Names = NAMES[name];
  if (flags[name] !== undefined) return { file: COMMAND_LINE, path: flag };
  if (variable !== undefined && env[variable]) return { file: ENVIRONMENT, path: variable };
  if (key === undefined || source.kind !== 'file') return { file: COMMAND_LINE, path: flag };
  return { file: source.path, path: key };
}

/** What `problems` hold, without that of a variable where the file, which may name the variable, has the same flaw. */
export function withoutEchoes(problems: readonly Problem[]): Problem[] {
  const all: readonly Names[] = Object.values(NAMES);
  return problems.filter(({ file, path, message }) => {
    const key = file === ENVIRONMENT ? all.find(({ variable }) => variable === path)?.key : undefined;
    return key === undefined || !problems.some((other) => other.path === key && other.message === message);
  });
}
