/** `latchkey demo`: a configuration with real servers, so that a newcomer sees tools within a minute. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface DemoServer {
  readonly package: string;
  readonly args?: readonly string[];
}

/** Writes the configuration to a fresh temporary folder, which goes with the process, and returns its path. */
export function demoConfigFile(): string {
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
