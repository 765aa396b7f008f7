/**
 * Runs the official MCP conformance suite against the built latchkey: every scenario of authorization that a revision
 * requires of clients. `--write` puts the table of results into the README, `--check` fails where another one stands there;
 * named scenarios run alone: `node scripts/conformance.mjs auth/basic-cimd`.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const SUITE = '@modelcontextprotocol/conformance';
const VERSION = '0.2.0-alpha.12';
/** `list`: how the suite is asked for the scenarios; of the newer revisions it has sets that are frozen. */
const REVISIONS = [
  { revision: '2025-03-26', list: '--spec-version', count: 2 },
  { revision: '2025-11-25', list: '--requirements', count: 14 },
  { revision: '2026-07-28', list: '--requirements', count: 25 },
];
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
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 16_777_216;
const CACHE = resolve('.cache');
const RESULTS = join(CACHE, 'conformance-results');
const CLIENT = `"${process.execPath}" --import tsx test/conformance/client.ts`;
const README = 'README.md';
const TABLE = /(?<=<!-- conformance -->\n)[\s\S]*(?=<!-- \/conformance -->)/;

/** In a folder of its own: the suite needs a newer Node than latchkey, and neither is for those who install latchkey. */
function install(folder, name, version) {
  const home = join(CACHE, folder);
  const place = join(home, 'node_modules', name);
  const manifest = join(place, 'package.json');
  const found = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : '';
  if (found === version || found.startsWith(`${version}.`)) return place;
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), '{"private": true}\n');
  execFileSync('npm', ['install', '--no-save', `${name}@${version}`], { cwd: home, stdio: 'inherit' });
  return place;
}

/** The required scenarios stand at the left of the list, those that are only reported further in. */
function scenariosOf(suite, { revision, list, count }) {
  const text = execFileSync(suite.node, [suite.main, 'list', '--client', list, revision], { encoding: 'utf8' });
  const scenarios = [...text.matchAll(/^ {2}- (auth\/\S+)/gm)].map(([, scenario]) => scenario);
  assert.equal(scenarios.length, count, `scenarios of ${revision}`);
  return scenarios.map((scenario) => ({ revision, scenario }));
}

/** Alone, a warning is a failure too. */
function run(suite, { revision, scenario }) {
  const results = join(RESULTS, revision);
  const command = ['client', '--command', CLIENT, '--scenario', scenario, '--spec-version', revision, '-o', results];
  return new Promise((done) => {
    execFile(
      suite.node,
      [suite.main, ...command],
      { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT },
      (error, stdout, stderr) => {
        const problem = error === null ? problemOf(scenario, clientOutput(results, scenario)) : 'the suite says no';
        const report = `${stdout}${stderr}`;
        done({ revision, scenario, problem, report });
      },
    );
  });
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

async function runAll(suite, jobs) {
  const results = [];
  const left = [...jobs];
  const work = async () => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      const result = await run(suite, job);
      results.push(result);
      console.log(`${result.problem === undefined ? 'passed' : 'FAILED'}  ${job.revision}  ${job.scenario}`);
      if (result.problem !== undefined) console.log(`${result.report}\n${result.problem}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

function table(results) {
  const rows = REVISIONS.map(({ revision }) => {
    const all = results.filter((result) => result.revision === revision);
    const passed = all.filter(({ problem }) => problem === undefined);
    return `| ${revision} | ${passed.length} of ${all.length} |`;
  });
  const head = `| MCP revision | \`auth/*\` client scenarios passed, suite ${VERSION} |`;
  return `\n${[head, '|---|---|', ...rows].join('\n')}\n\n`;
}

/** True where the README is to have this very table and has another. */
function isStaleAfter(args, made) {
  if (!args.includes('--write') && !args.includes('--check')) return false;
  const text = readFileSync(README, 'utf8');
  assert.match(text, TABLE, `${README} has no place for the table`);
  if (args.includes('--check')) return text.match(TABLE)?.[0] !== made;
  writeFileSync(README, text.replace(TABLE, made));
  return false;
}

async function main(args) {
  assert.ok(existsSync('dist/main.js'), 'latchkey is not built: npm run build');
  const named = args.filter((arg) => !arg.startsWith('--'));
  const suite = {
    node: join(install('node24', 'node', '24'), 'bin/node'),
    main: join(install('conformance', SUITE, VERSION), 'dist/index.js'),
  };
  const all = REVISIONS.flatMap((set) => scenariosOf(suite, set));
  const jobs = named.length === 0 ? all : all.filter(({ scenario }) => named.includes(scenario));
  assert.ok(jobs.length > 0, `no such scenario: ${named.join(', ')}`);
  rmSync(RESULTS, { recursive: true, force: true });
  const results = await runAll(suite, jobs);
  const made = table(results);
  console.log(`\nlatchkey on Node ${process.version}\n${made.trimEnd()}`);
  const isStale = named.length === 0 && isStaleAfter(args, made);
  if (isStale) console.error(`${README} has another table; run: node scripts/conformance.mjs --write`);
  return isStale || results.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
