/** The benchmark: latchkey as built, side by side with bare translators, static files and mcpo. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MAIN } from './contenders.ts';
import { measure, ready } from './measure.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { Processes } from './processes.ts';
import { type Outcome, report } from './report.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ARTIFACTS = fileURLToPath(new URL('../.artifacts/', import.meta.url));
/** For building, starting and ending, beside the measurements themselves. */
const SPARE_MS = 240_000;

async function main(options: Options): Promise<boolean> {
  build();
  mkdirSync(ARTIFACTS, { recursive: true });
  const outcomes: Outcome[] = [];
  for (const scenario of SCENARIOS.filter(({ id }) => options.only.includes(id))) {
    say(`${scenario.id} ...\n`);
    outcomes.push(await runScenario(scenario, options));
  }
  const { text, passed } = report(outcomes, options);
  writeFileSync(`${ARTIFACTS}bench.md`, text);
  process.stdout.write(text);
  return passed;
}

async function runScenario(scenario: Scenario, options: Options): Promise<Outcome> {
  const processes = new Processes();
  const onExit = (): void => processes.kill();
  process.once('exit', onExit);
  try {
    const nodeArgs = options.profile ? ['--cpu-prof', '--cpu-prof-dir', `${ARTIFACTS}${scenario.id}`] : [];
    const contenders = await scenario.start(processes, nodeArgs);
    for (const contender of contenders) await ready(contender, () => processes.tail(contender.pid));
    return { scenario, measured: await measure(contenders, options.rounds, options.seconds) };
  } finally {
    await processes.close();
    process.off('exit', onExit);
  }
}

/** What is measured is what is shipped. */
function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing after npm run build`);
}

function say(text: string): void {
  process.stderr.write(text);
}

/** Every end goes through the `exit` event, which takes the processes along. */
function endInAnyCase({ rounds, seconds }: Options): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  const most = SPARE_MS + 2_000 * 3 * SCENARIOS.length * (rounds + 1) * (seconds + 1);
  const timer = setTimeout(() => {
    say('bench: took far too long, gave up\n');
    process.exit(1);
  }, most);
  timer.unref();
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
  } else {
    endInAnyCase(options);
    const passed = await main(options);
    process.exitCode = options.strict && !passed ? 1 : 0;
  }
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
