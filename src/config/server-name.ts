/** Which names a server may have: they become the first part of its paths. */

import type { Report } from './report.ts';

/** First path segments that are ours (without a path prefix). */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  'api',
  'oauth',
  'login',
  'logout',
  'assets',
  'healthz',
  'readyz',
  'metrics',
  'mcp',
  'docs',
  'redoc',
  'openapi.json',
  '.well-known',
]);

/** Reports what is wrong with the name at the end of `path`; `pathPrefix` is normalised, `/` when there is none. */
export function checkServerName(
  path: readonly [shape: string, name: string],
  pathPrefix: string,
  report: Report,
): void {
  const [, name] = path;
  const flaw = nameFlaw(name);
  if (flaw !== undefined) report.problem(path, `the server name ${flaw}`, 'choose another name');
  const first = name.split('/')[0] ?? '';
  if (pathPrefix === '/' && RESERVED_NAMES.has(first)) {
    report.problem(
      path,
      `the server name is reserved: '/${first}' is a path of the gateway itself`,
      'rename the server, or start with --path-prefix, e.g. --path-prefix /tools',
    );
  }
}

function nameFlaw(name: string): string | undefined {
  if (name.trim() === '') return 'is empty';
  if (/[?#\\]/.test(name)) return 'holds ?, # or \\, which cannot stand in a path';
  if (/\p{Cc}|\p{Cs}/u.test(name)) return 'holds a control character';
  const segments = name.split('/');
  if (segments.includes('')) return 'starts or ends with / or holds //';
  // URL parsers resolve these before a request is sent, so such a server could not be reached.
  if (segments.some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))) return "holds a segment '.' or '..'";
  return undefined;
}
