/** Two real processes on one SQLite file. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Outcome } from './process-racer.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-processes-'));
after(() => rmSync(folder, { recursive: true }));

const PROCESSES = 2;

describe('two processes on one SQLite file', () => {
  it('agree on the key, and on who wins each race', async () => {
    const outcomes = await race(join(folder, 'new', 'race.db'));
    const [first] = outcomes;
    assert.ok(first);
    for (const { keys } of outcomes) assert.deepEqual(keys, first.keys);
    for (const name of ['put', 'taken', 'replaced'] as const) {
      for (let round = 0; round < first[name].length; round += 1) {
        const wins = outcomes.reduce((sum, outcome) => sum + (outcome[name][round] ?? 0), 0);
        assert.equal(wins, 1, `${name}, round ${round}`);
      }
    }
    const swept = outcomes.flatMap((outcome) => outcome.swept);
    assert.equal(swept.length, new Set(swept).size, 'nothing is told twice');
    assert.equal(swept.length, first.expired);
    const increments = outcomes.reduce((sum, outcome) => sum + outcome.increments, 0);
    assert.equal(Math.max(...outcomes.map(({ counter }) => counter)), increments, 'no write is lost');
    assert.equal(outcomes.filter(({ overlapped }) => overlapped).length, 0, 'a lease is held by one');
    assert.ok(outcomes.every(({ foreign }) => foreign === 'sealed by the other'));
  });
});

/** Starts all at the same moment and lets them go on together, step by step. */
async function race(file: string): Promise<Outcome[]> {
  const racer = new URL('./process-racer.ts', import.meta.url).pathname;
  const children = Array.from({ length: PROCESSES }, (_, index) =>
    fork(racer, [file, `${index}`], { execArgv: ['--import', 'tsx'] }),
  );
  after(() => {
    for (const child of children) child.kill();
  });
  for (;;) {
    const messages = await Promise.all(children.map(nextMessage));
    if (messages.every((message) => typeof message === 'object')) return messages as Outcome[];
    for (const child of children) child.send('go');
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const gone = once(child, 'exit').then(([code]) => assert.fail(`a process ended with ${code}`));
  gone.catch(() => undefined);
  const [message] = await Promise.race([once(child, 'message'), gone]);
  return message;
}
