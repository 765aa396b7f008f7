#!/usr/bin/env node
/** The process: reads the command line, runs one command, and turns every failure into text and an exit code. */
import { HELP, type ParsedCli, parseCli } from './cli.ts';
import { check } from './commands/check.ts';
import { describeFailure } from './commands/config-failure.ts';
import { startDemo } from './commands/demo.ts';
import { dump } from './commands/dump.ts';
import { serve } from './commands/serve.ts';
import { ConfigError } from './config/model.ts';
import { messageOf } from './errors.ts';
import { resolveSource } from './settings.ts';

type Run = Extract<ParsedCli, { kind: 'run' }>;

const NO_SERVER =
  'no server to run: there is no ./config.yaml or ./config.json; give --config FILE or CONFIG_PATH, or a command behind --';

async function run({ command, flags, env }: Run): Promise<number> {
  // Children inherit what --env and --env-path set, as in mcpo.
  Object.assign(process.env, flags.variables);
  if (command === 'demo') {
    const config = await startDemo();
    // Its addresses change with each start, so what is kept would never be found again.
    const store = flags.store ?? 'memory';
    return serve({ ...flags, config, store }, env, { kind: 'file', path: config });
  }
  const source = resolveSource(flags, env);
  if (source === undefined) {
    process.stderr.write(`latchkey: ${NO_SERVER}\n\n${HELP}`);
    return 1;
  }
  switch (command) {
    case 'check':
      return check(flags, env, source);
    case 'dump':
      return dump(flags, env, source);
    default:
      return serve(flags, env, source);
  }
}

async function main(): Promise<number> {
  const parsed = parseCli(process.argv.slice(2), process.env);
  if (parsed.kind === 'print') {
    process[parsed.stream].write(parsed.text);
    return parsed.exitCode;
  }
  try {
    return await run(parsed);
  } catch (error) {
    if (error instanceof ConfigError) {
      const { text, exitCode } = describeFailure(error);
      process.stderr.write(text);
      return exitCode;
    }
    process.stderr.write(`latchkey: ${messageOf(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();
