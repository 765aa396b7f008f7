/** What every command begins with: the configuration and the settings, and a word on which file they are from. */
import type { Flags } from '../config/flags.ts';
import type { Environment } from '../config/interpolate.ts';
import type { ConfigSource } from '../config/load.ts';
import { ConfigError } from '../config/model.ts';
import { type Loaded, loadAll } from '../settings.ts';

/** As `loadAll`. Of a file with `servers` it says on stderr what acehoss/mcp-gateway does, before anything else. */
export async function load(flags: Flags, env: Environment, source: ConfigSource): Promise<Loaded> {
  try {
    const loaded = await loadAll(flags, env, source);
    const { settings, configuration } = loaded;
    if (settings.shape === 'servers') {
      tellSource(source);
      if (flags.host === undefined && configuration.gateway.host === undefined)
        say(`No hostname specified, defaulting to ${settings.host}`);
    }
    return loaded;
  } catch (error) {
    if (error instanceof ConfigError && error.shape === 'servers') tellSource(source);
    throw error;
  }
}

function tellSource(source: ConfigSource): void {
  if (source.kind === 'file') say(`Loading configuration from ${source.given ?? source.path}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
