/** latchkey as a client: the suite plays the servers, our client command starts latchkey and uses it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESULTS } from './suite.mjs';

/** Where latchkey has to refuse, and by which code; the suite would be content with a client that merely breaks. */
const REFUSED = {
  // After three refusals the suite's server says 410 to everything; how many one login takes is a matter of timing.
  'auth/scope-retry-limit': ['insufficient_scope', 'server_unavailable'],
  'auth/resource-mismatch': ['metadata_rejected'],
  'auth/metadata-issuer-mismatch': ['metadata_rejected'],
  'auth/iss-supported-missing': ['response_rejected'],
  'auth/iss-wrong-issuer': ['response_rejected'],
  'auth/iss-unexpected': ['response_rejected'],
  'auth/iss-normalized': ['response_rejected'],
};
const AT_ONCE = 2;
const COMMAND = `"${process.execPath}" --import tsx test/conformance/client.ts`;

/** Resolves with `{ problem, report }` beside what each of `jobs` says; `problem` is undefined where it passed. */
export async function runClientScenarios(suite, jobs, onResult) {
  const left = [...jobs];
  const work = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift())
      onResult({ ...job, ...(await run(suite, job)) });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Alone, a warning is a failure too. */
async function run(suite, { revision, scenario }) {
  const results = join(RESULTS, revision);
  const args = ['client', '--command', COMMAND, '--scenario', scenario, '--spec-version', revision, '-o', results];
  const { ok, output } = await suite.run(args);
  return { problem: ok ? problemOf(scenario, clientOutput(results, scenario)) : 'the suite says no', report: output };
}

/** `auth/x` leaves its files in `auth/x-<time>`. */
function clientOutput(results, scenario) {
  const name = readdirSync(results, { recursive: true }).find(
    (file) => file.startsWith(`${scenario}-2`) && file.endsWith('stdout.txt'),
  );
  return name === undefined ? '' : readFileSync(join(results, name), 'utf8');
}

function problemOf(scenario, output) {
  const lines = output.split('\n');
  const versions = ['client', 'latchkey'].map((who) => `${who}: Node ${process.version}`);
  const ends = (REFUSED[scenario] ?? ['connected']).map((end) => `end: ${end}`);
  const isRight = versions.every((line) => lines.includes(line)) && ends.some((line) => lines.includes(line));
  return isRight ? undefined : `expected ${[...versions, ends.join(' or ')].join(', ')}; got:\n${output}`;
}
