/** Text to nodes: decides between JSON and YAML. */

import { extname } from 'node:path';
import type { Problem } from './model.ts';
import { parseJson } from './parse-json.ts';
import { parseYaml } from './parse-yaml.ts';
import type { ConfigNode } from './tree.ts';

/** What a parser found; `root` is undefined for a file without content. */
export interface Parsed {
  readonly root: ConfigNode | undefined;
  readonly problems: readonly Problem[];
}

/** Parses by extension, and by content when the extension says nothing; JSON may hold comments and trailing commas. */
export function parseText(text: string, file: string): Parsed {
  try {
    return isYaml(text, file) ? parseYaml(text, file) : parseJson(text, file);
  } catch (error) {
    if (error instanceof RangeError)
      return { root: undefined, problems: [{ file, path: '', message: 'is nested too deeply' }] };
    throw error;
  }
}

function isYaml(text: string, file: string): boolean {
  const extension = extname(file).toLowerCase();
  if (extension === '.yaml' || extension === '.yml') return true;
  if (extension === '.json' || extension === '.jsonc') return false;
  return !/^\s*(?:\{|\/[/*])/.test(text);
}
