/** The file beside a database that holds its secret, where the operator has given none. */
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, linkSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ConfigError } from '../config/model.ts';
import { messageOf } from '../errors.ts';

export interface KeyFile {
  readonly path: string;
  /** False: the database holds sealed values already, so that a new secret would open none of them. */
  readonly mayCreate: boolean;
}

const FORM = /^[A-Za-z0-9_-]{43}$/;

/** Its secret; `fresh` becomes that where there is no file yet. Processes that start at once agree. Throws ConfigError. */
export function openKeyFile({ path, mayCreate }: KeyFile, fresh: string): string {
  try {
    if (!existsSync(path)) {
      if (!mayCreate) fail(path, 'is missing', 'restore it, or set LATCHKEY_SECRET to the secret used before');
      createWhole(path, fresh);
    }
    return read(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    return fail(path, `cannot be used: ${messageOf(error)}`, 'give the gateway the right to, or set LATCHKEY_SECRET');
  }
}

/** Written aside and linked into place: nobody ever sees half a file, and the first of several processes wins. */
function createWhole(path: string, secret: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    writeFileSync(aside, `${secret}\n`, { flag: 'wx', mode: 0o600, flush: true });
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(path: string): string {
  if (!lstatSync(path).isFile()) fail(path, 'is not a file', 'remove it, or set LATCHKEY_SECRET');
  chmodSync(path, 0o600);
  const secret = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  if (!FORM.test(secret)) fail(path, 'does not hold a key of this gateway', 'restore it from a backup');
  return secret;
}

function fail(file: string, message: string, remedy: string): never {
  throw new ConfigError([{ file, path: '', message, remedy }]);
}
