/** `npm start`: builds where that is not done yet or the sources are newer, then becomes latchkey, so that signals reach it. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const MAIN = join(DIST, 'main.js');
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** When the last build was done; undefined: there is none. The bit is its last step, so half a build does not count. */
function builtAt() {
  const stats = statSync(MAIN, { throwIfNoEntry: false });
  return stats !== undefined && (stats.mode & 0o111) !== 0 ? stats.mtimeMs : undefined;
}

/** When one of the files was changed last that a build is made from. Folders do not count: editors leave and take files there. */
function changedAt() {
  const inRoot = readdirSync(ROOT).filter((name) => name === 'package.json' || /^tsconfig.*\.json$/.test(name));
  const inSources = readdirSync(join(ROOT, 'src'), { recursive: true }).map((name) => join('src', name));
  const files = [...inRoot, ...inSources].map((name) => statSync(join(ROOT, name))).filter((stats) => stats.isFile());
  return Math.max(...files.map(({ mtimeMs }) => mtimeMs));
}

/** Why there can be no build; a build that begins in vain would take the old one away. */
function hindrance() {
  try {
    accessSync(ROOT, constants.W_OK);
    if (existsSync(DIST)) accessSync(DIST, constants.W_OK);
  } catch {
    return `${ROOT} cannot be written`;
  }
  try {
    import.meta.resolve('typescript');
  } catch {
    return 'the compiler is not installed (npm ci installs it)';
  }
}

/** Resolves with true where it went well. Its words are on stderr: stdout may be a schema dump. */
function build() {
  const child = spawn('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 2, 2], detached: true });
  // The compiler is a grandchild, which nobody else would end.
  const pass = (signal) => {
    process.kill(-child.pid, signal);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, pass);
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
  }).finally(() => {
    for (const signal of SIGNALS) process.off(signal, pass);
  });
}

function say(line) {
  process.stderr.write(`latchkey: ${line}\n`);
}

/** Resolves with true where there is something to run. */
async function isReady() {
  const built = builtAt();
  if (built !== undefined && built >= changedAt()) return true;
  const obstacle = hindrance();
  if (obstacle === undefined) {
    if (await build()) return true;
    say('could not be built; npm run build says why');
    return false;
  }
  if (built === undefined) say(`is not built, and cannot be: ${obstacle}`);
  else say(`runs as it was built before the last change, because ${obstacle}`);
  return built !== undefined;
}

if (await isReady()) {
  process.argv[1] = MAIN;
  await import(pathToFileURL(MAIN).href);
} else {
  process.exitCode = 1;
}
