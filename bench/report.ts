/** The result as one Markdown table, with a verdict on every bar. */
import { cpus } from 'node:os';
import { type Measured, median, ratio, type Sample } from './measure.ts';
import type { Options } from './options.ts';
import type { Bar, Scenario } from './scenarios.ts';

export interface Outcome {
  readonly scenario: Scenario;
  /** latchkey first. */
  readonly measured: readonly Measured[];
}

const HEAD = [
  '| what | who | calls/s | CPU per call | p99 | latchkey: throughput | latchkey: CPU |',
  '|---|---|---:|---:|---:|---|---|',
];

/** The table under a line about the machine, and whether all bars are cleared. */
export function report(outcomes: readonly Outcome[], options: Options): { text: string; passed: boolean } {
  const rows = outcomes.flatMap(({ scenario, measured }) => rowsOf(scenario, measured));
  const notes = [
    `${machine()}, ${options.rounds} interleaved rounds of ${options.seconds} s, 32 connections, loopback.`,
    'Client, gateway and server share the machine. Figures are medians; ratios are medians of the ratios within a round.',
    'CPU is that of the gateway process alone.',
  ];
  const text = [...HEAD, ...rows, '', ...notes, ''].join('\n');
  return { text, passed: !text.includes('FAIL') };
}

function rowsOf({ title, bars }: Scenario, measured: readonly Measured[]): string[] {
  const [ours] = measured;
  return measured.map((one, index) => {
    const bar = bars.find(({ against }) => one.name.startsWith(against));
    const ratios = ours === undefined || index === 0 ? ['', ''] : compare(ours, one, bar);
    const cpu = median(one.samples.map((sample) => sample.cpu ?? Number.NaN));
    const cells = [
      index === 0 ? title : '',
      one.name,
      Math.round(median(one.samples.map(perSecond))).toLocaleString('en-US'),
      Number.isNaN(cpu) ? '' : `${Math.round(cpu).toLocaleString('en-US')} µs`,
      `${median(one.samples.map((sample) => sample.p99))} ms`,
      ...ratios,
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

function compare(ours: Measured, theirs: Measured, bar: Bar | undefined): [string, string] {
  const throughput = ratio(ours, theirs, perSecond);
  const cpu = ratio(ours, theirs, (sample) => sample.cpu);
  return [
    `${figure(throughput)}${verdict(bar?.throughput, '≥', (least) => throughput >= least)}`,
    Number.isNaN(cpu) ? '' : `${figure(cpu)}${verdict(bar?.cpu, '≤', (most) => cpu <= most)}`,
  ];
}

function verdict(limit: number | undefined, sign: string, holds: (limit: number) => boolean): string {
  if (limit === undefined) return '';
  return ` (${sign} ${Number(limit.toFixed(2))}: ${holds(limit) ? 'PASS' : 'FAIL'})`;
}

function figure(value: number): string {
  return `${value >= 10 ? Math.round(value) : value.toFixed(2)} x`;
}

function perSecond(sample: Sample): number {
  return sample.perSecond;
}

function machine(): string {
  const all = cpus();
  return `Node ${process.versions.node}, ${all.length} cores (${all[0]?.model.trim() ?? 'unknown'}), ${process.platform}`;
}
