/** The watched file: each way in which programs replace a file is noticed, once. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchConfig } from '../../src/config/watch.ts';

/** Longer than the poll and the settling together. */
const NOTICED_MS = 1500;

/** Watches a new file while `change` is at work; the number of times it was noticed. */
async function noticed(change: (file: string, folder: string) => Promise<void>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-watch-'));
  const file = join(folder, 'config.json');
  await writeFile(file, 'one');
  let count = 0;
  const watcher = watchConfig(file, () => {
    count += 1;
  });
  try {
    await sleep(100);
    await change(file, folder);
    await sleep(NOTICED_MS);
  } finally {
    watcher.close();
    await rm(folder, { recursive: true });
  }
  return count;
}

describe('a change of the file is noticed once', { concurrency: true }, () => {
  test('nothing happens', async () => assert.equal(await noticed(async () => {}), 0));

  test('written in place', async () => assert.equal(await noticed((file) => writeFile(file, 'two!')), 1));

  test('replaced by a rename, as editors do', async () => {
    const replace = async (file: string) => {
      await writeFile(`${file}.new`, 'two');
      await rename(`${file}.new`, file);
    };
    assert.equal(await noticed(replace), 1);
  });

  test('removed and written again', async () => {
    const again = async (file: string) => {
      await rm(file);
      await sleep(50);
      await writeFile(file, 'two');
    };
    assert.equal(await noticed(again), 1);
  });

  test('written in many pieces', async () => {
    const slowly = async (file: string) => {
      for (let size = 1; size <= 12; size++) {
        await writeFile(file, 'x'.repeat(100 * size));
        await sleep(100);
      }
    };
    assert.equal(await noticed(slowly), 1);
  });

  test('two changes far apart are two', async () => {
    const twice = async (file: string) => {
      await writeFile(file, 'two');
      await sleep(NOTICED_MS);
      await writeFile(file, 'three');
    };
    assert.equal(await noticed(twice), 2);
  });

  test('swapped behind symlinks, as a Kubernetes ConfigMap is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-watch-'));
    for (const version of ['v1', 'v2']) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'config.json'), 'same');
    }
    await symlink('v1', join(folder, '..data'));
    const file = join(folder, 'config.json');
    await symlink(join('..data', 'config.json'), file);
    let count = 0;
    const watcher = watchConfig(file, () => {
      count += 1;
    });
    await sleep(100);
    await symlink('v2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await sleep(NOTICED_MS);
    watcher.close();
    await rm(folder, { recursive: true });
    assert.equal(count, 1);
  });

  test('nothing is noticed once closed, not even a change under way', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-watch-'));
    const file = join(folder, 'config.json');
    await writeFile(file, 'one');
    let count = 0;
    const watcher = watchConfig(file, () => {
      count += 1;
    });
    await writeFile(file, 'two!');
    watcher.close();
    await sleep(NOTICED_MS);
    await rm(folder, { recursive: true });
    assert.equal(count, 0);
  });
});
