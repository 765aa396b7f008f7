/** One of several processes that race on one file; waits before each step until all have come there. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { openKeyFile } from '../../src/storage/key-file.ts';
import { leases } from '../../src/storage/lease.ts';
import { openStores } from '../../src/storage/open.ts';
import { CollectedLog } from './collected-log.ts';

const ROUNDS = 50;
const RACERS = 5;

export interface Outcome {
  /** Of key files that all processes make at once. */
  readonly keys: string[];
  /** How many racers of this process won, by round. */
  readonly put: number[];
  readonly taken: number[];
  readonly replaced: number[];
  readonly swept: string[];
  readonly expired: number;
  /** The last value of a counter that all raise by compare-and-set, and how often this process did. */
  readonly counter: number;
  readonly increments: number;
  /** True when somebody else was inside the lease. */
  readonly overlapped: boolean;
  /** What another process has sealed. */
  readonly foreign: string | undefined;
}

const [file = '', name = ''] = process.argv.slice(2);
mkdirSync(dirname(file), { recursive: true });
await step();
const keys = Array.from({ length: ROUNDS }, (_, round) => makeKey(round));
await step();
const stores = await openStores(`sqlite:${file}`, {}, new CollectedLog());
const table = stores.sealed.table<string>('race');
const put = await rounds((round) => table.putIfAbsent(`put ${round}`, name));
await table.set(`from ${name}`, 'sealed by the other');
await step();
const foreign = await table.get(`from ${name === '0' ? '1' : '0'}`);
const taken = await rounds(async (round) => (await table.take(`put ${round}`)) !== undefined);

for (let round = 0; round < ROUNDS; round += 1) await table.putIfAbsent(`replace ${round}`, 'start');
await step();
const stamps: string[] = [];
for (let round = 0; round < ROUNDS; round += 1) stamps.push((await table.read(`replace ${round}`))?.stamp ?? '');
await step();
const replaced = await rounds((round) => table.replace(`replace ${round}`, stamps[round] ?? '', name));

for (let count = 0; count < ROUNDS; count += 1) await table.set(`expired ${name} ${count}`, name, 0);
await step();
const swept: string[] = [];
for (let count = 0; count < ROUNDS; count += 1) swept.push(...(await table.sweep(5)).map(({ key }) => key));

await step();
let increments = 0;
for (let round = 0; round < ROUNDS; round += 1) increments += await increment();
const overlapped = await holdInTurn();
await step();
const counter = Number(await table.get('counter'));
const expired = 2 * ROUNDS;
const outcome: Outcome = { keys, put, taken, replaced, swept, expired, counter, increments, overlapped, foreign };
await stores.close();
process.send?.(outcome);
process.disconnect();

function makeKey(round: number): string {
  return openKeyFile({ path: `${file}.${round}`, mayCreate: true }, randomBytes(32).toString('base64url'));
}

async function step(): Promise<void> {
  const go = once(process, 'message');
  process.send?.('ready');
  await go;
}

async function rounds(run: (round: number) => Promise<boolean>): Promise<number[]> {
  await step();
  const wins: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const won = await Promise.all(Array.from({ length: RACERS }, () => run(round)));
    wins.push(won.filter(Boolean).length);
  }
  return wins;
}

/** 1 when it could be raised. */
async function increment(): Promise<number> {
  const found = await table.read('counter');
  if (found === undefined) return Number(await table.putIfAbsent('counter', '1'));
  return Number(await table.replace('counter', found.stamp, `${Number(found.value) + 1}`));
}

async function holdInTurn(): Promise<boolean> {
  const lease = leases(stores.plain.table('leases'));
  let overlapped = false;
  for (let round = 0; round < ROUNDS; round += 1) {
    await lease.hold('turn', 60_000, async () => {
      overlapped ||= !(await table.putIfAbsent('inside', name));
      await new Promise((resolve) => setImmediate(resolve));
      overlapped ||= (await table.take('inside')) !== name;
    });
  }
  return overlapped;
}
