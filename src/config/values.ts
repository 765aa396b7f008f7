/** Values that may come from the command line, the environment or the file, and are checked alike wherever they stand. */

import { BlockList, isIP } from 'node:net';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { LogLevel } from './model.ts';
import { didYouMean } from './suggest.ts';

/** The value in its normal form, or what is wrong with it. */
export type Checked<T> = { readonly value: T } | { readonly flaw: string; readonly remedy?: string };

/** A host name or an address to listen at, without the brackets of IPv6. */
export function checkHost(text: string): Checked<string> {
  const host = text.replace(/^\[(.*)\]$/, '$1');
  if (host === '' || /[\s/]/.test(host)) return { flaw: `'${host}' is not a host name or an address` };
  return { value: host };
}

/** A port to listen at. */
export function checkPort(text: string): Checked<number> {
  const port = /^\s*[\w.]+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isInteger(port) && port > 0 && port <= 65535) return { value: port };
  return { flaw: `'${text}' is not a port`, remedy: 'use a number from 1 to 65535' };
}

/** Ours, and what Python and acehoss/mcp-gateway call them. */
const LEVELS: ReadonlyMap<string, LogLevel> = new Map<string, LogLevel>([
  ['error', 'error'],
  ['warn', 'warn'],
  ['info', 'info'],
  ['debug', 'debug'],
  ['verbose', 'trace'],
  ['trace', 'trace'],
  ['warning', 'warn'],
  ['critical', 'error'],
]);
const LEVELS_TO_NAME = ['error', 'warn', 'info', 'debug', 'verbose'];

/** A level of the log, in any case. */
export function checkLogLevel(text: string): Checked<LogLevel> {
  const value = LEVELS.get(text.toLowerCase());
  if (value !== undefined) return { value };
  const remedy = didYouMean(text, LEVELS_TO_NAME) ?? `use ${LEVELS_TO_NAME.join(', ')}`;
  return { flaw: `'${text}' is not a log level`, remedy };
}

/** Where logins and catalogs are kept. */
export type StoreUri = 'memory' | `sqlite:${string}`;

/** An http(s) URL without query and fragment; normalised without a trailing slash. */
export function checkPublicUrl(text: string): Checked<string> {
  const remedy = 'write it like https://tools.example.org';
  if (!URL.canParse(text)) return { flaw: 'is not a URL', remedy };
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) return { flaw: 'must be an http:// or https:// URL', remedy };
  if (/[?#]/.test(text)) return { flaw: 'must not hold a query or a fragment', remedy };
  if (url.username !== '' || url.password !== '') return { flaw: 'must not hold a name or password', remedy };
  return { value: url.href.replace(/\/+$/, '') };
}

/** `memory`, or `sqlite:<path>`, made absolute from `baseDir`; `~/` is the home folder. */
export function checkStore(text: string, baseDir: string, home = homedir()): Checked<StoreUri> {
  const remedy = "use 'memory' or 'sqlite:<path>'";
  if (text === 'memory') return { value: 'memory' };
  const path = /^sqlite:(?:\/\/)?(.*)$/s.exec(text)?.[1];
  if (path === undefined) {
    return { flaw: `has the scheme '${text.split(':')[0]}', which this version does not know`, remedy };
  }
  if (path === ':memory:') return { flaw: 'cannot be an in-memory database', remedy: "use 'memory'" };
  if (path === '' || path.includes('\0')) return { flaw: 'names no file', remedy };
  const absolute = path.startsWith('~/') ? resolve(home, path.slice(2)) : resolve(baseDir, path);
  return { value: `sqlite:${absolute}` };
}

/** A host name or address; a port behind it is dropped, because hosts are compared without. */
export function checkAllowedHost(text: string): Checked<string> {
  const remedy = 'write only the name, like tools.example.org';
  if (text === '' || /[\s/\\?#@*]/.test(text)) return { flaw: `'${text}' is not a host name`, remedy };
  const bare = isIP(text) === 6 ? `[${text}]` : text;
  if (!URL.canParse(`http://${bare}`)) return { flaw: `'${text}' is not a host name`, remedy };
  return { value: new URL(`http://${bare}`).hostname };
}

/** An exact origin or `*`. */
export function checkOrigin(text: string): Checked<string> {
  if (text === '*') return { value: text };
  const remedy = 'write it like https://chat.example.org, or *';
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@*]+\/?$/i.test(text)) return { flaw: `'${text}' is not an origin`, remedy };
  if (!/^https?:/i.test(text)) return { value: text.replace(/\/$/, '') };
  if (!URL.canParse(text)) return { flaw: `'${text}' is not an origin`, remedy };
  return { value: new URL(text).origin };
}

/** An address or a network such as `10.0.0.0/8`. */
export function checkNetwork(text: string): Checked<string> {
  const flaw = { flaw: `'${text}' is neither an address nor a network`, remedy: 'write it like 10.0.0.0/8' };
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return flaw;
  if (bits === undefined) return { value: text };
  if (!/^\d{1,3}$/.test(bits)) return flaw;
  try {
    new BlockList().addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  } catch {
    return flaw;
  }
  return { value: text };
}

/** First segments below which all paths are the gateway's own, with or without a prefix. */
const OWN_BRANCHES = new Set(['oauth', 'assets']);

/** `''` or `/a/b`: what precedes every path. */
export function checkRootPath(text: string): Checked<string> {
  const segments = text.split('/').filter((segment) => segment !== '');
  const isOdd = segments.some((segment) => segment === '.' || segment === '..');
  // Only what a URL path holds unchanged, so that comparing it with a request's path is exact.
  if (isOdd || !/^[\w\-./~!$&'()+,;=@%]*$/.test(text))
    return { flaw: `'${text}' is not a path`, remedy: 'write it like /tools' };
  const [first = ''] = segments;
  if (OWN_BRANCHES.has(first)) {
    return { flaw: `'/${first}' is a path of the gateway itself`, remedy: 'choose another one, like /tools' };
  }
  return { value: segments.map((segment) => `/${segment}`).join('') };
}

/** `/` or `/a/`: what precedes the name of a server. */
export function checkPathPrefix(text: string): Checked<string> {
  const checked = checkRootPath(text);
  return 'flaw' in checked ? checked : { value: `${checked.value}/` };
}

/** The networks that are nobody's on the internet (RFC 1918, 3927, 4193, 4291), and that between a host and its provider. */
const PRIVATE_NETWORKS: readonly (readonly [address: string, bits: number, family: 'ipv4' | 'ipv6'])[] = [
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
];

/** Whether a host is this machine, or one of its own network by address or by name: what is sent there crosses no internet. */
export function isPrivateHost(host: string): boolean {
  const bare = host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
  if (isLoopbackHost(bare)) return true;
  const family = isIP(bare);
  if (family === 0) return !bare.includes('.') || /\.(?:local|internal)$/.test(bare);
  const networks = new BlockList();
  for (const [address, bits, kind] of PRIVATE_NETWORKS) networks.addSubnet(address, bits, kind);
  return networks.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether only this machine can reach what listens on the host. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true;
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  const family = isIP(bare);
  return family !== 0 && loopback.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}
