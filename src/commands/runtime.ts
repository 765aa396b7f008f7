/** What `serve` and `dump` have in common: log, store and gateway, made in order and closed in reverse. */
import type { Logger } from 'pino';
import { ConfigError } from '../config/model.ts';
import { messageOf } from '../errors.ts';
import { Gateway, type GatewayOptions } from '../gateway.ts';
import { createLog } from '../log.ts';
import type { Settings } from '../settings.ts';
import { openStore, type Store } from '../storage/store.ts';

export interface Runtime {
  readonly log: Logger;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

export function startRuntime(settings: Settings, onState: NonNullable<GatewayOptions['onState']>): Runtime {
  const log = createLog(settings.logLevel, process.stderr.isTTY === true);
  const store = openConfiguredStore(settings.store);
  const gateway = new Gateway({ log, catalogs: store.table('catalogs'), onState });
  return {
    log,
    gateway,
    close: async () => {
      await gateway.close();
      await store.close();
      log.flush();
    },
  };
}

function openConfiguredStore(uri: string): Store {
  try {
    return openStore(uri);
  } catch (error) {
    throw new ConfigError([
      {
        file: 'settings',
        path: 'store',
        message: `cannot open ${uri}: ${messageOf(error)}`,
        remedy: 'name another file with --store sqlite:PATH, or --store memory',
      },
    ]);
  }
}
