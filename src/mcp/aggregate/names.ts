/** What tools and prompts of several servers are called at one endpoint. */
import { createHash } from 'node:crypto';
import { connectNames } from '../login/connect-tool.ts';

/** Model providers accept no longer names of tools. */
const LONGEST = 64;
const DIGITS = 12;
/** How much of a name stays in front of a hash. */
const HEAD = LONGEST - DIGITS - 1;
const USABLE = /^[A-Za-z0-9_.-]{1,64}$/;
const HASHED = new RegExp(`_[0-9a-f]{${DIGITS}}$`);

/**
 * The names that servers get, `<server>__<name>` wherever possible. They hang on the configuration alone, never on what
 * servers list: no server can take a name by listing something, and none changes because a server is away.
 */
export class PublicNames {
  /** By length, the longest first. */
  readonly #servers: readonly string[];
  /** Which server is connected by it. */
  readonly #connect = new Map<string, string>();

  /** `servers`: in the order of the configuration. */
  constructor(servers: readonly string[]) {
    this.#servers = servers.toSorted((one, other) => other.length - one.length);
    for (const server of servers) {
      for (const name of connectNames(server)) if (!this.#connect.has(name)) this.#connect.set(name, server);
    }
  }

  /**
   * The name for `own`, as `server` calls it. A server's `connect_<server>` keeps its name, which texts tell people. A name that is too long, holds odd characters or could be read as another server's ends in a hash of both parts.
   */
  of(server: string, own: string): string {
    const plain = connectNames(server).includes(own) ? own : `${server}__${own}`;
    // What looks hashed never stays plain, so that nobody lists the hashed name of somebody else.
    return USABLE.test(plain) && !HASHED.test(plain) && this.#ownerOf(plain) === server
      ? plain
      : hashed(server, own, plain);
  }

  /** Whether `name` could be the name of something of `server`. */
  mayBeOf(server: string, name: string): boolean {
    if (!HASHED.test(name)) return this.#ownerOf(name) === server;
    const head = name.slice(0, -DIGITS - 1);
    return head.length === HEAD || head.startsWith(safe(`${server}__`)) || connectNames(server).includes(head);
  }

  /** Of all servers whose plain name it could be, the one with the longest name. */
  #ownerOf(plain: string): string | undefined {
    return this.#connect.get(plain) ?? this.#servers.find((server) => plain.startsWith(`${server}__`));
  }
}

function hashed(server: string, own: string, plain: string): string {
  // UTF-16 tells lone surrogates apart; a server's name holds no line break.
  const digest = createHash('sha256').update(`${server}\n${own}`, 'utf16le').digest('hex');
  return `${safe(plain.slice(0, 2 * HEAD)).slice(0, HEAD)}_${digest.slice(0, DIGITS)}`;
}

function safe(name: string): string {
  return name.replace(/[^A-Za-z0-9_.-]/gu, '_');
}
