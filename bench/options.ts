/** What the command line of the benchmark asks for. */
import { parseArgs } from 'node:util';

export const SCENARIO_IDS = [
  'http-json',
  'http-stream',
  'stdio',
  'document',
  'document-anonymous',
  'document-personal',
  'mcp-http-json',
  'mcp-http-stream',
  'mcp-stdio',
] as const;
export type ScenarioId = (typeof SCENARIO_IDS)[number];

export interface Options {
  /** Length of one measurement. */
  readonly seconds: number;
  /** How often each contender is measured. */
  readonly rounds: number;
  readonly only: readonly ScenarioId[];
  /** A missed bar is exit code 1. */
  readonly strict: boolean;
  /** Writes CPU profiles of latchkey; slows it down, so the figures of such a run are not comparable. */
  readonly profile: boolean;
}

export const USAGE = `Usage: npm run bench -- [options]
  --seconds N    length of one measurement (default 3)
  --rounds N     measurements of each contender, interleaved (default 5)
  --only LIST    some of ${SCENARIO_IDS.join(',')}
  --strict       exit code 1 when a bar is missed
  --profile      write CPU profiles of latchkey to .artifacts/ (figures suffer)
mcpo takes part when it is in PATH, or named by the environment variable MCPO.
`;

/** Undefined when help was asked for; throws on anything it does not understand. */
export function readOptions(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', default: SCENARIO_IDS.join(',') },
      strict: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    seconds: whole('--seconds', values.seconds, 60),
    rounds: whole('--rounds', values.rounds, 50),
    only: values.only.split(',').map(scenarioId),
    strict: values.strict,
    profile: values.profile,
  };
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`${name} takes 1 to ${most}, not ${text}`);
  return value;
}

function scenarioId(text: string): ScenarioId {
  const id = SCENARIO_IDS.find((one) => one === text.trim());
  if (id === undefined) throw new Error(`--only knows ${SCENARIO_IDS.join(', ')}, not '${text}'`);
  return id;
}
