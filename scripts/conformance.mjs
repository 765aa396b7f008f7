/**
 * Runs the official MCP conformance suite against the built latchkey: every scenario that a revision requires of clients,
 * and of servers; and the official Inspector at every endpoint. `--write` puts the table of results into the README, `--check` fails where another one stands there;
 * named scenarios run alone: `node scripts/conformance.mjs auth/basic-cimd`.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { runClientScenarios } from './conformance/client.mjs';
import { INSPECTOR_VERSION, inspectorJobs, runInspector } from './conformance/inspector.mjs';
import { runServerScenarios } from './conformance/server.mjs';
import { startStand } from './conformance/stand.mjs';
import { checkCount, listed, openSuite, RESULTS, VERSION } from './conformance/suite.mjs';

/** `by`: how the suite is asked for the scenarios; of the newer revisions it has sets that are frozen. */
const REVISIONS = [
  { revision: '2025-03-26', by: '--spec-version', counts: { auth: 2 } },
  { revision: '2025-11-25', by: '--requirements', counts: { server: 30, client: 4, auth: 14 } },
  { revision: '2026-07-28', by: '--requirements', counts: { server: 37, client: 7, auth: 25 } },
];
/** The columns of the table. */
const CHAPTERS = {
  server: 'Server scenarios, through latchkey',
  client: 'Client scenarios, through latchkey',
  auth: '`auth/*` client scenarios',
};
const README = 'README.md';
const TABLE = /(?<=<!-- conformance -->\n)[\s\S]*(?=<!-- \/conformance -->)/;

function jobsOf(suite, { revision, by, counts }) {
  const text = suite.list(by, revision);
  const clients = listed(text, 'Client');
  const scenarios = {
    server: listed(text, 'Server'),
    client: clients.filter((name) => !name.startsWith('auth/')),
    auth: clients.filter((name) => name.startsWith('auth/')),
  };
  return Object.entries(counts).flatMap(([chapter, count]) => {
    checkCount(scenarios[chapter], count, `${chapter} ${revision}`);
    return scenarios[chapter].map((scenario) => ({ revision, chapter, scenario }));
  });
}

async function runAll(suite, jobs) {
  const results = [];
  const onResult = (result) => {
    const { problem, revision, scenario, report } = result;
    results.push(result);
    console.log(`${problem === undefined ? 'passed' : 'FAILED'}  ${revision}  ${scenario}`);
    if (problem !== undefined) console.log(`${report}\n${problem}`);
  };
  const of = (...chapters) => jobs.filter(({ chapter }) => chapters.includes(chapter));
  if (of('server', 'inspector').length > 0) {
    const stand = await startStand();
    try {
      await runServerScenarios(suite, of('server'), stand.endpoints, onResult);
      await runInspector(of('inspector'), stand.endpoints, onResult);
    } finally {
      await stand.stop();
    }
  }
  await runClientScenarios(suite, of('client', 'auth'), onResult);
  return results;
}

function table(results) {
  const cell = (chapter, revision) => {
    const all = results.filter(
      (result) => result.chapter === chapter && (revision ?? result.revision) === result.revision,
    );
    const passed = all.filter(({ problem }) => problem === undefined);
    return all.length === 0 ? '' : `${passed.length} of ${all.length}`;
  };
  const rows = REVISIONS.map(({ revision }) => {
    const cells = Object.keys(CHAPTERS).map((chapter) => cell(chapter, revision));
    return `| ${[revision, ...cells].join(' | ')} |`;
  });
  const head = `| MCP revision | ${Object.values(CHAPTERS).join(' | ')} |`;
  const notes = [
    `Passed, of those that the suite (${VERSION}) requires.`,
    `\`@modelcontextprotocol/inspector\` ${INSPECTOR_VERSION} lists and calls tools at ${cell('inspector')} endpoints.`,
  ];
  return `\n${[head, '|---|---|---|---|', ...rows].join('\n')}\n\n${notes.join('\n')}\n\n`;
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
  const suite = openSuite();
  const all = [...REVISIONS.flatMap((set) => jobsOf(suite, set)), ...inspectorJobs()];
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
