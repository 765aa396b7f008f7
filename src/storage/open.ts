/** The stores of a running gateway, opened and checked. */
import { ConfigError, type Problem } from '../config/model.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log-sink.ts';
import { checkCanary, hasCanary } from './canary.ts';
import { Cipher } from './cipher.ts';
import { sealedStore } from './sealed.ts';
import { resolveSecrets } from './secret.ts';
import { openStore, SQLITE, type Store } from './store.ts';

export interface Stores {
  /** For what is no secret: tool catalogs, leases. */
  readonly plain: Store;
  /** For everything else; the same rows, sealed. */
  readonly sealed: Store;
  close(): Promise<void>;
}

/** Opens `memory` or `sqlite:<path>`; throws ConfigError when it cannot be opened or its secret is missing or wrong. */
export async function openStores(
  uri: string,
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
): Promise<Stores> {
  return seal(openConfigured(uri), uri, env, log);
}

/** As `openStores`; a file that cannot be opened is left alone, and `warning` says that all is kept in memory instead. */
export async function openStoresOrMemory(
  uri: string,
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
): Promise<Stores & { readonly warning?: Problem }> {
  let plain: Store;
  try {
    plain = openStore(uri);
  } catch (error) {
    return { ...(await openStores('memory', env, log)), warning: keptInMemory(uri, error) };
  }
  return seal(plain, uri, env, log);
}

async function seal(
  plain: Store,
  uri: string,
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
): Promise<Stores> {
  try {
    const path = uri.startsWith(SQLITE) ? `${uri.slice(SQLITE.length)}.key` : undefined;
    const keyFile = path === undefined ? undefined : { path, mayCreate: !(await hasCanary(plain)) };
    const { current, previous } = resolveSecrets(env, keyFile);
    const cipher = new Cipher(current, previous);
    if (!(await checkCanary(plain, cipher))) throw new ConfigError([wrongSecret(env, uri, path)]);
    return { plain, sealed: sealedStore(plain, cipher, log), close: () => plain.close() };
  } catch (error) {
    await plain.close();
    throw error;
  }
}

function openConfigured(uri: string): Store {
  try {
    return openStore(uri);
  } catch (error) {
    const remedy = 'name another file with --store sqlite:PATH, or --store memory';
    throw new ConfigError([{ ...cannotOpen(uri, error), remedy }]);
  }
}

function keptInMemory(uri: string, error: unknown): Problem {
  const { message, ...place } = cannotOpen(uri, error);
  return {
    ...place,
    message: `${message}; tool lists, sign-ins and access tokens are forgotten at the end`,
    remedy: 'say --store sqlite:PATH to keep them, or --store memory if that is meant',
  };
}

function cannotOpen(uri: string, error: unknown): Problem {
  return { file: 'settings', path: 'store', message: `cannot open ${uri}: ${messageOf(error)}` };
}

function wrongSecret(env: Readonly<Record<string, string | undefined>>, uri: string, keyFile?: string): Problem {
  const given = env.LATCHKEY_SECRET !== undefined;
  const message = `is not the secret that ${uri} was sealed with`;
  const anew = 'or start anew with another --store, where everybody has to connect again';
  return given
    ? {
        file: 'environment',
        path: 'LATCHKEY_SECRET',
        message,
        remedy: `set the old one, or add it to LATCHKEY_SECRET_PREVIOUS (without LATCHKEY_SECRET it was in ${keyFile}), ${anew}`,
      }
    : {
        file: keyFile ?? '',
        path: '',
        message,
        remedy: `restore it from a backup, or set LATCHKEY_SECRET if that was set before, ${anew}`,
      };
}
