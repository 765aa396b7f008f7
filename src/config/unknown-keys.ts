/** Keys that nobody reads: most often a slip, sometimes another program's. */

import type { JsonSchema } from './json-schema.ts';
import type { Report } from './report.ts';
import { didYouMean } from './suggest.ts';
import type { ConfigNode, Path } from './tree.ts';

/** Warns of each unknown key at any depth; keys that start with `x-` are the user's own (anchors, notes). */
export function reportUnknownKeys(node: ConfigNode, schema: JsonSchema, path: Path, report: Report): void {
  if (node.kind === 'list') {
    for (const [index, item] of node.items.entries()) {
      if (schema.items) reportUnknownKeys(item, schema.items, [...path, index], report);
    }
  }
  const properties = (schema.anyOf?.find((option) => option.properties) ?? schema).properties;
  if (node.kind !== 'map' || properties === undefined) return;
  const known = Object.keys(properties);
  for (const [key, { value }] of node.entries) {
    const inner = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (inner !== undefined) reportUnknownKeys(value, inner, [...path, key], report);
    else if (!key.startsWith('x-')) tell([...path, key], known, report);
  }
}

/** What lets people in must not be left out by a slip: in `open_webui` an unknown key is an error. */
function tell(path: Path, known: readonly string[], report: Report): void {
  const [first, second] = path;
  const remedy = rightPlace(path) ?? didYouMean(String(path.at(-1)), known);
  if (first === 'open_webui' && second !== undefined) report.problem(path, 'this key is unknown here', remedy);
  else report.warning(path, 'this key is unknown and has no effect', remedy);
}

const OF_OPEN_WEBUI = [
  'url',
  'introspect',
  'user_jwt_secret',
  'trust_forwarded_user',
  'allow_tokens_without_exp',
  'max_token_age_hours',
];
const OF_TOP = ['webui_secret_key', 'verify_jwt', 'document_key', 'anonymous_catalog', 'allowed_hosts', 'auth'];
const OTHER_NAMES = ['openwebui', 'open-webui', 'openWebui', 'openWebUI', 'webui', 'open_web_ui'];

/** Of a right key at the wrong level. */
function rightPlace(path: Path): string | undefined {
  const [first, second] = path.map(String);
  if (path.length === 1 && first !== undefined) {
    if (OF_OPEN_WEBUI.includes(first)) return `it belongs into open_webui, as open_webui: {${first}: ...}`;
    if (OTHER_NAMES.includes(first)) return "did you mean 'open_webui'?";
    if (first === 'api_key') return 'the API key is not in the file: --api-key or LATCHKEY_API_KEY';
  }
  if (path.length !== 2 || first !== 'open_webui' || second === undefined) return undefined;
  if (second === 'secret_key') return 'it is webui_secret_key, at the top level, beside open_webui';
  return OF_TOP.includes(second) ? 'it belongs to the top level, beside open_webui' : undefined;
}
