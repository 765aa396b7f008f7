/** Open WebUI in a virtual environment of its own: its licence forbids copies of its code, so it is only ever installed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const VERSION = '0.12.4';
const HOME = resolve('.cache/open-webui');
/** Written last: an installation without it was broken off. */
const DONE = join(HOME, 'installed');
const PYTHONS = ['python3.12', 'python3.11'];

export interface Installed {
  readonly python: string;
  /** The `open-webui` command. */
  readonly command: string;
}

/** Installs it where it is not there yet, which takes a minute or two. */
export function installOpenWebui(): Installed {
  const bin = join(HOME, 'venv/bin');
  const installed = { python: join(bin, 'python'), command: join(bin, 'open-webui') };
  if (existsSync(DONE) && readFileSync(DONE, 'utf8') === VERSION) return installed;
  console.log(`installing Open WebUI ${VERSION} into ${HOME}: a minute or two`);
  rmSync(HOME, { recursive: true, force: true });
  run(findPython(), '-m', 'venv', join(HOME, 'venv'));
  const pip = (...args: readonly string[]): void =>
    run(installed.python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args);
  // The full set of requirements brings machine learning along, which no chat with tools needs.
  pip('--no-deps', `open-webui==${VERSION}`);
  pip('--requirement', slimRequirements(installed.python));
  writeFileSync(DONE, VERSION);
  return installed;
}

function findPython(): string {
  const found = PYTHONS.find((name) => spawnSync(name, ['--version']).status === 0);
  assert.ok(found !== undefined, `Open WebUI ${VERSION} needs one of ${PYTHONS.join(', ')} on the PATH`);
  return found;
}

function slimRequirements(python: string): string {
  const list = [
    'import importlib.metadata',
    "files = importlib.metadata.files('open-webui') or []",
    "print(*(str(f.locate()) for f in files if f.name == 'requirements-slim.txt'))",
  ];
  const found = execFileSync(python, ['-c', list.join('\n')], { encoding: 'utf8' }).trim();
  assert.ok(found !== '', 'the wheel of Open WebUI has no requirements-slim.txt');
  return found;
}

/** What it says on stderr is told only where it fails: pip complains of all that is left out on purpose. */
function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
