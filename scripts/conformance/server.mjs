/** latchkey as a server: in front of a conformant server of our own it must do in each scenario what that one does. */
import { join } from 'node:path';
import { RESULTS } from './suite.mjs';

/** latchkey answers JSON where nothing comes before the answer, so that the suite finds fewer streams to look at. */
const FEWER = { '2025-11-25 server-sse-multiple-streams': 1 };

/** Reports each of `jobs` as `{ problem, report }` beside what it says; `problem` is undefined where it passed. */
export async function runServerScenarios(suite, jobs, { direct, named, single }, onResult) {
  const endpoints = { direct, named: `${named}/s/mcp`, single: `${single}/mcp` };
  for (const revision of new Set(jobs.map((job) => job.revision))) {
    const runs = {};
    for (const [name, url] of Object.entries(endpoints)) runs[name] = await run(suite, revision, name, url);
    for (const job of jobs.filter((one) => one.revision === revision)) onResult({ ...job, ...judge(job, runs) });
  }
}

/** All scenarios that are required of servers at once. */
async function run(suite, revision, name, url) {
  const results = join(RESULTS, revision, name);
  const { output } = await suite.run(['server', '--url', url, '--requirements', revision, '-o', results]);
  return { output, summary: summaryOf(output) };
}

/** How many checks of each scenario passed and failed. */
function summaryOf(output) {
  const lines = output.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gm);
  return new Map([...lines].map(([, scenario, passed, failed]) => [scenario, [Number(passed), Number(failed)]]));
}

/** Some checks are content with an answer that says nothing; so as many must pass as without latchkey. */
function judge({ revision, scenario }, { direct, ...through }) {
  const [passed = 0, failed = 1] = direct.summary.get(scenario) ?? [];
  if (failed > 0) return { problem: 'our own server fails', report: part(direct.output, scenario) };
  const expected = `${passed - (FEWER[`${revision} ${scenario}`] ?? 0)} passed, 0 failed`;
  for (const [name, { summary, output }] of Object.entries(through)) {
    const [found, missed] = summary.get(scenario) ?? [0, 0];
    const text = `${found} passed, ${missed} failed`;
    if (text !== expected) return { problem: `${name}: ${text}; not: ${expected}`, report: part(output, scenario) };
  }
  return { problem: undefined, report: '' };
}

/** What the suite said of one scenario: where its checks lie. */
function part(output, scenario) {
  const [, after = output] = output.split(`=== Running scenario: ${scenario} ===`);
  return after.split('\n=== ')[0];
}
