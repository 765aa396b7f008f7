/** The lines of the log: written together, and none of them lost but where the process is killed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';

const LOG = new URL('../src/log.ts', import.meta.url).href;

interface LogRecord {
  readonly time: string;
  readonly msg: string;
}

async function linesOf(script: string): Promise<readonly string[]> {
  return (await recordsOf(script)).map(({ msg }) => msg);
}

/** What a process that runs `script` with a `log` of level info leaves on stderr. */
function recordsOf(script: string): Promise<readonly LogRecord[]> {
  const module = `import { createLog } from ${JSON.stringify(LOG)}; const log = createLog('info', false); ${script}`;
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', module];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 20_000 }, (_error, _stdout, stderr) => {
      resolve(stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogRecord] : [])));
    });
  });
}

describe('the log', () => {
  it('has every line of a process that ends by itself, on purpose, or by an error', async () => {
    for (const end of [
      '',
      'process.exit(3)',
      'throw new Error("odd")',
      'process.kill(process.pid, "SIGTERM"); setInterval(() => undefined, 1000);',
    ]) {
      const onSignal = 'process.on("SIGTERM", () => { log.info("signal"); process.exit(0); });';
      const lines = await linesOf(`${onSignal} log.info("one"); log.info("two"); ${end}`);
      assert.deepEqual(lines.slice(0, 2), ['one', 'two'], end);
    }
  });

  it('writes what is urgent at once, together with all that came before', async () => {
    // Nothing is done by a timer meanwhile, and the process ends before it could be.
    const kill = 'const until = Date.now() + 300; while (Date.now() < until); process.kill(process.pid, "SIGKILL");';
    assert.deepEqual(await linesOf(`log.info("one"); log.warn("two"); ${kill}`), ['one', 'two']);
    assert.deepEqual(await linesOf(`log.info("one"); log.info("two"); ${kill}`), []);
  });

  it('writes many lines, each once and in their order', async () => {
    const lines = await linesOf('for (let n = 0; n < 5000; n += 1) log.info(String(n));');
    assert.deepEqual(
      lines,
      Array.from({ length: 5_000 }, (_, n) => String(n)),
    );
  });

  it('says when each line was made', async () => {
    const records = await recordsOf('log.info("now"); setTimeout(() => log.info(String(Date.now())), 20);');
    const [first = 0, last = 0] = records.map(({ time }) => Date.parse(time));
    assert.ok(Math.abs(last - Number(records[1]?.msg)) <= 1);
    assert.ok(first < last);
  });

  it('is readable on a terminal, with colours and the names of levels that people write', async () => {
    const lines = await written('trace', true);
    assert.deepEqual(
      lines.map((line) => stripVTControlCharacters(line).replace(/^\[[\d:]+\] /, '')),
      ['VERBOSE: all', 'DEBUG: more', 'INFO: some', 'WARN: odd', 'ERROR: bad'],
    );
    for (const line of lines) assert.notEqual(line, stripVTControlCharacters(line));
  });

  it('has no colours elsewhere, and at each level all that those before it say', async () => {
    const counts: number[] = [];
    for (const level of ['error', 'warn', 'info', 'debug', 'trace']) {
      const lines = await written(level, false);
      counts.push(lines.length);
      for (const line of lines) assert.equal(line, stripVTControlCharacters(line));
    }
    assert.deepEqual(counts, [1, 2, 3, 4, 5]);
  });
});

/** What a log at `level` leaves on stderr of a line at each level. */
function written(level: string, terminal: boolean): Promise<readonly string[]> {
  const say = 'log.trace("all"); log.debug("more"); log.info("some"); log.warn("odd"); log.error("bad");';
  const log = `const log = createLog(${JSON.stringify(level)}, ${terminal});`;
  const module = `import { createLog } from ${JSON.stringify(LOG)}; ${log} ${say}`;
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', module];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 20_000 }, (_error, _stdout, stderr) => {
      resolve(stderr.split('\n').filter((line) => line !== ''));
    });
  });
}
