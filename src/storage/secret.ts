/** Where the secret comes from that stored values are sealed with. */
import { randomBytes } from 'node:crypto';
import { ConfigError } from '../config/model.ts';
import { type KeyFile, openKeyFile } from './key-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Secrets {
  readonly current: string;
  /** Older ones, for values that are not sealed anew yet. */
  readonly previous: readonly string[];
}

const MIN_BYTES = 32;
const REMEDY = 'make one with: openssl rand -base64 32';

/**
 * `LATCHKEY_SECRET` and `LATCHKEY_SECRET_PREVIOUS` (comma separated); without the former the key file, or for a store in
 * memory (`keyFile` undefined) a random secret. Throws ConfigError.
 */
export function resolveSecrets(env: Environment, keyFile: KeyFile | undefined): Secrets {
  const previous = (env.LATCHKEY_SECRET_PREVIOUS ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
  for (const secret of previous) checkSecret('LATCHKEY_SECRET_PREVIOUS', secret);
  const { LATCHKEY_SECRET: given } = env;
  if (given !== undefined) checkSecret('LATCHKEY_SECRET', given);
  return { current: given ?? (keyFile === undefined ? newSecret() : openKeyFile(keyFile, newSecret())), previous };
}

function newSecret(): string {
  return randomBytes(MIN_BYTES).toString('base64url');
}

/** In order: nothing that a copy brings along by mistake, nothing that the list of previous ones could not hold, length. */
function checkSecret(path: string, secret: string): void {
  if (/[\r\n]$/.test(secret)) fail(path, 'ends with a line break', 'remove it, e.g. with: tr -d "\\n"');
  if (secret.trim() !== secret) fail(path, 'begins or ends with white space', 'remove it');
  if (secret.includes(',')) fail(path, 'holds a comma, which separates secrets', REMEDY);
  const bytes = Buffer.byteLength(secret);
  if (bytes < MIN_BYTES) fail(path, `has ${bytes} bytes, and at least ${MIN_BYTES} are needed`, REMEDY);
}

function fail(path: string, message: string, remedy: string): never {
  throw new ConfigError([{ file: 'environment', path, message, remedy }]);
}
