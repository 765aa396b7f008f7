/**
 * The whole test: what `npm test` runs on a fresh machine. Installs the browser that the tests need where it may
 * (as root on Debian), and names what is missing elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { runTests, testFiles } from './unit.mjs';

const CHROMIUM = '/usr/bin/chromium';

function run(command, args) {
  console.log(`> ${[command, ...args].join(' ')}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function ensureBrowser() {
  if (existsSync(CHROMIUM)) return;
  const isDebian = existsSync('/etc/debian_version');
  if (!isDebian || process.getuid?.() !== 0) {
    console.error(`The tests need Chromium at ${CHROMIUM}. On Debian: sudo apt-get install chromium`);
    process.exit(1);
  }
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
}

ensureBrowser();
run('npm', ['run', '--silent', 'lint']);
run('npm', ['run', '--silent', 'types']);
run('npm', ['run', '--silent', 'build']);
for (const folder of ['test', 'e2e']) {
  console.log(`> tests in ${folder}/ on Node ${process.version}`);
  const status = await runTests(testFiles(folder));
  if (status !== 0) process.exit(status);
}
console.log('All tests passed.');
