/** `latchkey demo`: a configuration with real servers, so that a newcomer sees tools within a minute. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

interface DemoServer {
  readonly package: string;
  readonly args?: readonly string[];
}

const NOTES = fileURLToPath(new URL('../../demo/notes.ts', import.meta.url));
const NOTES_START_MS = 15_000;

/**
 * Starts the notes service where this is a clone of the project, which has what it needs, and writes the configuration.
 * Resolves with the path of the configuration; both go with the process.
 */
export async function startDemo(): Promise<string> {
  return demoConfigFile(await startNotes());
}

/** Writes the configuration to a fresh temporary folder, which goes with the process, and returns its path. */
function demoConfigFile(notes?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-demo-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const files = join(folder, 'files');
  mkdirSync(files);
  writeFileSync(join(files, 'hello.txt'), 'Hello from a file that the demo serves.\n');
  const mcpServers = {
    everything: entry({ package: '@modelcontextprotocol/server-everything', args: ['stdio'] }),
    files: entry({ package: '@modelcontextprotocol/server-filesystem', args: [files] }),
    memory: {
      ...entry({ package: '@modelcontextprotocol/server-memory' }),
      env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') },
    },
    ...(notes === undefined ? {} : { notes: { type: 'streamable-http', url: notes, oauth: true } }),
  };
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify({ mcpServers }, null, 2));
  return path;
}

/** From this installation where the package is there, else through npx, which downloads it once. */
function entry({ package: name, args = [] }: DemoServer): { command: string; args: string[] } {
  const script = installedScript(name);
  if (script === undefined) return { command: 'npx', args: ['-y', name, ...args] };
  return { command: process.execPath, args: [script, ...args] };
}

function installedScript(name: string): string | undefined {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve(`${name}/package.json`);
    const { bin } = require(manifest) as { bin?: Record<string, string> };
    const [script] = Object.values(bin ?? {});
    return script === undefined ? undefined : join(dirname(manifest), script);
  } catch {
    return undefined;
  }
}

type Notes = ChildProcessByStdio<Writable, Readable, null>;

/** Resolves with the address of its MCP endpoint; undefined where it is not there or does not start. */
async function startNotes(): Promise<string | undefined> {
  const loader = notesLoader();
  if (loader === undefined) return undefined;
  // It ends when its stdin does: with this process, however that ends.
  const child: Notes = spawn(process.execPath, ['--import', loader, NOTES], { stdio: ['pipe', 'pipe', 'ignore'] });
  const address = await firstLine(child);
  if (address === undefined) {
    child.kill();
    process.stderr.write('latchkey: the notes service of the demo did not start; going on without it\n');
  }
  // None of these is to keep this process alive.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) if (stream instanceof Socket) stream.unref();
  return address;
}

/** What runs TypeScript; undefined in the published package, which has neither the service nor its libraries. */
function notesLoader(): string | undefined {
  if (!existsSync(NOTES)) return undefined;
  try {
    import.meta.resolve('oidc-provider');
    return import.meta.resolve('tsx');
  } catch {
    return undefined;
  }
}

function firstLine(child: Notes): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, NOTES_START_MS, undefined);
    const done = (line?: string): void => {
      clearTimeout(timer);
      resolve(line);
    };
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) done(text.split('\n')[0]);
    });
    child.once('error', () => done());
    child.once('exit', () => done());
  });
}
