/** latchkey as a server: in front of a conformant server of our own it must do in each scenario what that one does. */
import { join } from 'node:path';
import { RESULTS } from './suite.mjs';

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
  return new Map([...lines].map(([, scenario, passed, failed]) => [scenario, `${passed} passed, ${failed} failed`]));
}

/** Some checks are content with an answer that says nothing; so as many must pass as without latchkey. */
function judge({ scenario }, { direct, ...through }) {
  const expected = direct.summary.get(scenario);
  if (expected === undefined || !expected.endsWith(' 0 failed')) {
    return { problem: `our own server: ${expected}`, report: part(direct.output, scenario) };
  }
  for (const [name, { summary, output }] of Object.entries(through)) {
    const found = summary.get(scenario);
    if (found === expected) continue;
    return { problem: `${name}: ${found}; without latchkey: ${expected}`, report: part(output, scenario) };
  }
  return { problem: undefined, report: '' };
}

/** What the suite said of one scenario: where its checks lie. */
function part(output, scenario) {
  const [, after = output] = output.split(`=== Running scenario: ${scenario} ===`);
  return after.split('\n=== ')[0];
}
