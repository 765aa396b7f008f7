/** Whether a URI could come from a URI template (RFC 6570, levels 1 to 3); both may be hostile. */

/** Longer ones match nothing. */
const LONGEST_URI = 4_096;
const LONGEST_TEMPLATE = 4_096;

/** How many characters may be looked at. */
export interface Effort {
  left: number;
}

interface Run {
  /** What it starts with, unless it is empty. */
  readonly start: string;
  /** What it cannot hold. */
  readonly end: string;
}

/** RFC 6570 section 2.2; looser than it, since servers are: a `{path}` often holds what should be encoded. */
const RUNS: Readonly<Record<string, Run>> = {
  '': { start: '', end: '/?#' },
  '+': { start: '', end: '' },
  '#': { start: '#', end: '' },
  '.': { start: '.', end: '/?#' },
  '/': { start: '/', end: '?#' },
  ';': { start: ';', end: '/?#' },
  '?': { start: '?', end: '#' },
  '&': { start: '&', end: '#' },
};

/**
 * True when some values of its variables make `uri` of `template`. Takes time linear in the URI for each part of the
 * template, and none once `effort` is used up: then nothing matches.
 */
export function matchesTemplate(uri: string, template: string, effort: Effort): boolean {
  if (uri.length > LONGEST_URI || template.length > LONGEST_TEMPLATE) return false;
  // The positions that the parts so far can reach.
  let reached: readonly number[] = [0];
  let at = 0;
  while (at < template.length && reached.length > 0) {
    const open = template.indexOf('{', at);
    const literal = template.slice(at, open === -1 ? undefined : open);
    effort.left -= (reached.length + 1) * (literal.length + 1) + uri.length;
    // Paid for before it is done.
    if (effort.left <= 0) return false;
    if (literal !== '') {
      reached = reached.filter((from) => uri.startsWith(literal, from)).map((from) => from + literal.length);
    }
    if (open === -1) break;
    const close = template.indexOf('}', open);
    if (close === -1) return false;
    reached = afterRun(uri, reached, RUNS[template.charAt(open + 1)] ?? (RUNS[''] as Run));
    at = close + 1;
  }
  return reached.at(-1) === uri.length;
}

/** All positions where a run that starts at one of `from` (rising) may end, rising. */
function afterRun(uri: string, from: readonly number[], { start, end }: Run): number[] {
  const reached: number[] = [];
  let next = 0;
  let isInRun = false;
  for (let at = from[0] ?? uri.length + 1; at <= uri.length; at += 1) {
    const isStart = from[next] === at;
    if (isStart) next += 1;
    if (isInRun || isStart) reached.push(at);
    if (at < uri.length) isInRun = (isInRun && canHold(uri, at, end)) || (isStart && canStart(uri, at, start, end));
  }
  return reached;
}

function canStart(uri: string, at: number, start: string, end: string): boolean {
  return start === '' ? canHold(uri, at, end) : uri.charAt(at) === start;
}

function canHold(uri: string, at: number, end: string): boolean {
  return !end.includes(uri.charAt(at));
}
