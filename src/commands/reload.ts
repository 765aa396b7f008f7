/** Hot reload: a changed file is read, compared and applied; a broken one changes nothing and is reported. */
import type { Logger } from 'pino';
import { checkExposure } from '../config/exposure.ts';
import { type FileSource, type LoadOptions, loadConfiguration } from '../config/load.ts';
import { ConfigError, type Configuration, describeProblem, type Problem } from '../config/model.ts';
import { type ConfigWatcher, watchConfig } from '../config/watch.ts';
import type { Gateway } from '../gateway.ts';
import type { Settings } from '../settings.ts';

export interface ReloadOptions {
  readonly settings: Settings;
  /** As at start. */
  readonly options: LoadOptions;
  readonly gateway: Gateway;
  readonly log: Logger;
  /** What is applied now. */
  readonly before: Configuration;
  /** Told what is odd about each changed file once it is in force. */
  readonly applied: (warnings: readonly Problem[]) => void;
}

/** Watches the file when `--hot-reload` asks for it. */
export function startReload(options: ReloadOptions): ConfigWatcher | undefined {
  const { hotReload, source } = options.settings;
  if (!hotReload || source.kind !== 'file') return undefined;
  let running = Promise.resolve();
  return watchConfig(source.path, () => {
    // One after the other: two quick saves must not be applied in the wrong order.
    running = running.then(() => reload(options, source));
  });
}

async function reload(options: ReloadOptions, source: FileSource): Promise<void> {
  const { settings, gateway, log, before, applied } = options;
  const { path } = source;
  try {
    const configuration = await loadConfiguration(source, options.options);
    checkShape(configuration, before, path);
    const exposure = checkExposure(settings, configuration);
    if (exposure.problems.length > 0) throw new ConfigError(exposure.problems);
    const warnings = [...configuration.warnings, ...exposure.warnings];
    for (const warning of warnings) {
      log[warning.isNote === true ? 'info' : 'warn'](describeProblem(warning));
    }
    if (JSON.stringify(configuration.gateway) !== JSON.stringify(before.gateway)) {
      log.warn({ file: path }, 'gateway keys have changed; they take effect after a restart');
    }
    const changes = await gateway.apply(configuration);
    applied(warnings);
    log.info({ file: path, ...changes }, 'configuration reloaded');
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems.map(describeProblem) : [String(error)];
    log.error({ file: path, problems }, 'the changed configuration is broken; the old one stays in force');
  }
}

/** The answers that callers get hang on it, all over the gateway. */
function checkShape({ shape }: Configuration, before: Configuration, file: string): void {
  if (shape === before.shape) return;
  const message = `lists its servers under '${shape}' now, and did under '${before.shape}'`;
  throw new ConfigError([{ file, path: shape, message, remedy: 'restart for this' }]);
}
