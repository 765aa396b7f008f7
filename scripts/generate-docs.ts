/** Writes the files that are generated from the configuration schema; `--check` only says whether they are stale. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from '../src/config/documentation.ts';

const isCheck = process.argv.includes('--check');

for (const [path, text] of generatedFiles()) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  if (read(file) === text) continue;
  if (isCheck) {
    process.stderr.write(`${path} is stale; run: node --import tsx scripts/generate-docs.ts\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`wrote ${path}\n`);
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
