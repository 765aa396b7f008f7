/** Settings from flags alone, for the tests of settings and their reader. */

import type { Flags } from '../../src/config/flags.ts';
import type { Environment } from '../../src/config/interpolate.ts';
import { describeProblem, type FileShape, type GatewayKeys } from '../../src/config/model.ts';
import { resolveSettings, type Settings } from '../../src/settings.ts';
import { problemsOf } from './helper.ts';

/** Long enough for no warning. */
export const KEY = 'a-long-enough-key';

export interface Input {
  readonly env?: Environment;
  readonly gateway?: Partial<GatewayKeys>;
  readonly shape?: FileShape;
}

/** Settings from flags, for a file as the source unless a command is given. */
export function settings(
  flags: Partial<Flags> = {},
  { env = {}, gateway = {}, shape = 'mcpServers' }: Input = {},
): Settings {
  const all: Flags = { variables: {}, problems: [], ...(flags.command ? {} : { config: '/srv/c.json' }), ...flags };
  return resolveSettings({
    flags: all,
    env,
    config: { shape, gateway: { allowedHosts: [], ...gateway } },
  });
}

export function flaws(flags: Partial<Flags>, input: Input = {}): string[] {
  return problemsOf(() => settings(flags, input));
}

export function warnings(flags: Partial<Flags>, input: Input = {}): string[] {
  return settings(flags, input).warnings.map(describeProblem);
}
