/** From a checked entry to how its server is reached. */

import type { Endpoint } from './model.ts';
import type { Report } from './report.ts';
import { SERVER_TYPES, type ServerEntry } from './server-schema.ts';
import { didYouMean } from './suggest.ts';
import type { Path } from './tree.ts';

export type Kind = Endpoint['kind'];

const KINDS: ReadonlyMap<unknown, Kind> = new Map(
  SERVER_TYPES.map((type) => [type, type === 'stdio' || type === 'sse' ? type : 'http']),
);

/** The wire that a `type` stands for; undefined for an absent or unknown one. */
export function kindOfType(type: unknown): Kind | undefined {
  return KINDS.get(type);
}

/** What decides how a server is reached, as it stands in the file. */
export interface Address {
  readonly type?: unknown;
  readonly command?: unknown;
  readonly url?: unknown;
}

/** mcpo's choice: the type decides; without one a `url` means SSE, even beside a `command`. */
export function kindOf(address: Address): Kind {
  return kindOfType(address.type) ?? (address.url && !address.type ? 'sse' : 'stdio');
}

/** Reports what is missing to reach the server, in mcpo's words. */
export function checkAddress(name: string, address: Address, path: Path, report: Report): void {
  const { type, command, url } = address;
  const kind = kindOf(address);
  if (kind !== 'stdio') {
    if (!url) report.problem([...path, 'url'], `Server '${name}' of type '${type}' requires a 'url' field`);
    return;
  }
  const isUnknown = Boolean(type) && kindOfType(type) === undefined;
  if (!command) {
    const message = `Server '${name}' must have either 'command' for stdio or 'type' and 'url' for remote servers`;
    if (!isUnknown) report.problem(path, message);
    else report.problem([...path, 'type'], message, typeRemedy(type));
  } else if (isUnknown) {
    report.warning([...path, 'type'], `the type '${type}' is unknown; taken as stdio, because there is a command`);
  }
}

function typeRemedy(type: unknown): string {
  const text = String(type);
  return didYouMean(text, SERVER_TYPES) ?? `'${text}' is not a known type; use stdio, sse or streamable-http`;
}

/** What of a program's endpoint does not stand in its entry as it is; `cwd` is absolute. */
export type ProgramContext = Pick<Extract<Endpoint, { kind: 'stdio' }>, 'cwd' | 'withheldEnv' | 'endsBy'>;

/** Builds the endpoint of an entry that has passed all checks. */
export function buildEndpoint(entry: ServerEntry, kind: Kind, program: ProgramContext): Endpoint {
  if (kind !== 'stdio') return remoteEndpoint(kind, entry.url ?? '', strings(entry.headers));
  return {
    kind,
    command: entry.command ?? '',
    args: entry.args.map(String),
    env: strings(entry.env),
    inheritEnv: entry.inherit_env,
    ...program,
  };
}

/** A name and password in the URL become the header that they mean: HTTP clients refuse them in a URL. */
export function remoteEndpoint(kind: 'http' | 'sse', text: string, headers: Record<string, string>): Endpoint {
  const url = new URL(text);
  url.hash = '';
  if (url.username === '' && url.password === '') return { kind, url, headers };
  const pair = `${decode(url.username)}:${decode(url.password)}`;
  url.username = '';
  url.password = '';
  const hasOwn = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  return { kind, url, headers: hasOwn ? headers : { ...headers, authorization } };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function strings(record: Readonly<Record<string, string | number | boolean>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, String(value)]));
}
