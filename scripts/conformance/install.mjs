/** The tools of others that latchkey is tested with, at pinned versions. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const CACHE = resolve('.cache');

/** Returns where the package is. In a folder of its own: none of this is for those who install latchkey. */
export function install(folder, name, version) {
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

/** They need a newer Node than latchkey. Returns its executable. */
export function installNode() {
  return join(install('node24', 'node', '24'), 'bin/node');
}
