/** Measures contenders in interleaved rounds, so that a noisy minute of the machine hits all of them alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuTime } from './cpu.ts';
import { load, type Target, verify } from './load.ts';

export interface Contender {
  readonly name: string;
  readonly pid: number;
  readonly target: Target;
}

export interface Sample {
  readonly perSecond: number;
  /** Microseconds of CPU for one call; undefined where the system does not tell. */
  readonly cpu: number | undefined;
  readonly p99: number;
}

export interface Measured {
  readonly name: string;
  /** One a round. */
  readonly samples: readonly Sample[];
}

const START_MS = 30_000;
const WARM_UP_SECONDS = 6;

/** Resolves once the contender answers rightly. */
export async function ready({ name, target }: Contender, tail: () => string): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      return await verify(target);
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${name} does not answer: ${String(error)}\n${tail()}`);
    }
    await sleep(100);
  }
}

/** A round measures each contender once; every round begins with another one. */
export async function measure(
  contenders: readonly Contender[],
  rounds: number,
  seconds: number,
): Promise<readonly Measured[]> {
  const samples = contenders.map((): Sample[] => []);
  // Until the code is compiled; its figures are not kept.
  for (const contender of contenders) await load(contender.target, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const index = (round + turn) % contenders.length;
      const contender = contenders[index];
      if (contender !== undefined) samples[index]?.push(await sample(contender, seconds));
    }
  }
  return contenders.map(({ name }, index) => ({ name, samples: samples[index] ?? [] }));
}

async function sample({ pid, target }: Contender, seconds: number): Promise<Sample> {
  const before = cpuTime(pid);
  const { calls, perSecond, p99 } = await load(target, seconds);
  const after = cpuTime(pid);
  const cpu = before === undefined || after === undefined ? undefined : (after - before) / calls;
  return { perSecond, cpu, p99 };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** Median over the rounds of a quotient taken within each round. */
export function ratio(ours: Measured, theirs: Measured, of: (sample: Sample) => number | undefined): number {
  const quotients = ours.samples.map((sample, round) => {
    const other = theirs.samples[round];
    return (of(sample) ?? Number.NaN) / ((other === undefined ? undefined : of(other)) ?? Number.NaN);
  });
  return median(quotients);
}
