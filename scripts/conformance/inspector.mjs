/** The official Inspector's command line at every endpoint, in both eras. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, install, installNode } from './install.mjs';

const NAME = '@modelcontextprotocol/inspector';
export const INSPECTOR_VERSION = '2.12.0';
const TIMEOUT_MS = 30_000;
const MAX_OUTPUT = 16_777_216;
const TOOL = 'test_simple_text';
const TEXT = 'This is a simple text response for testing.';

/** `gateway`: which of the two, see `stand.mjs`. `prefix`: of the tools' names. */
const ENDPOINTS = [
  { gateway: 'named', path: '/s/mcp', prefix: '', transport: 'http', era: 'legacy' },
  { gateway: 'named', path: '/s/mcp', prefix: '', transport: 'http', era: 'modern' },
  { gateway: 'named', path: '/mcp', prefix: 's__', transport: 'http', era: 'legacy' },
  { gateway: 'named', path: '/mcp', prefix: 's__', transport: 'http', era: 'modern' },
  { gateway: 'named', path: '/s/sse', prefix: '', transport: 'sse', era: 'legacy' },
  { gateway: 'named', path: '/s', prefix: '', transport: 'sse', era: 'legacy' },
  { gateway: 'single', path: '/mcp', prefix: '', transport: 'http', era: 'legacy' },
  { gateway: 'single', path: '/mcp', prefix: '', transport: 'http', era: 'modern' },
];

export function inspectorJobs() {
  return ENDPOINTS.map(({ gateway, path, era }) => ({
    chapter: 'inspector',
    revision: era,
    scenario: `inspector/${gateway}${path}`,
  }));
}

/** Lists the tools and calls one. Reports as `runServerScenarios` does. */
export async function runInspector(jobs, stand, onResult) {
  if (jobs.length === 0) return;
  const main = join(install('inspector', NAME, INSPECTOR_VERSION), 'clients/launcher/build/index.js');
  for (const [index, job] of inspectorJobs().entries()) {
    const isWanted = jobs.some(({ scenario, revision }) => scenario === job.scenario && revision === job.revision);
    if (isWanted) onResult({ ...job, ...(await inspect(main, ENDPOINTS[index], stand)) });
  }
}

async function inspect(main, { gateway, path, prefix, transport, era }, stand) {
  const ask = async (...args) => {
    const options = ['--transport', transport, '--protocol-era', era, '--quiet', '--method', ...args];
    const { stdout } = await promisify(execFile)(installNode(), [main, '--cli', stand[gateway] + path, ...options], {
      timeout: TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT,
      // It keeps files there.
      env: { PATH: process.env.PATH, HOME: join(CACHE, 'inspector') },
    });
    return JSON.parse(stdout);
  };
  try {
    const { tools } = await ask('tools/list');
    assert.ok(tools.some(({ name }) => name === prefix + TOOL));
    const { content } = await ask('tools/call', '--tool-name', prefix + TOOL);
    assert.deepEqual(content, [{ type: 'text', text: TEXT }]);
    return { problem: undefined, report: '' };
  } catch (error) {
    return { problem: error.message, report: error.stderr ?? '' };
  }
}
