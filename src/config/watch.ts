/** Notices that the configuration file has changed, however it was replaced. */

import { type StatsListener, statSync, unwatchFile, watchFile } from 'node:fs';

const POLL_MS = 500;
const SETTLE_MS = 200;

export interface ConfigWatcher {
  close(): void;
}

/**
 * Calls `onChange` once the file is another and has stopped changing.
 * Polls by path: `fs.watch` follows the inode and misses renames and the symlink swaps of a Kubernetes ConfigMap.
 */
export function watchConfig(file: string, onChange: () => void): ConfigWatcher {
  let last = signature(file);
  let timer: NodeJS.Timeout | undefined;

  const settle = (seen: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const now = signature(file);
      if (now !== seen) settle(now);
      else if (now !== last) {
        last = now;
        onChange();
      }
    }, SETTLE_MS);
  };
  const listener: StatsListener = () => settle(signature(file));

  watchFile(file, { interval: POLL_MS }, listener);
  return {
    close() {
      clearTimeout(timer);
      unwatchFile(file, listener);
    },
  };
}

/** Everything that changes when a file does; also when it may not be looked at, which the loader will explain. */
function signature(file: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(file);
    return [dev, ino, size, mtimeMs, ctimeMs].join(':');
  } catch {
    return 'missing';
  }
}
