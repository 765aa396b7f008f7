/** Reads and checks single settings, and keeps what is wrong with them. */

import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Flags } from './flags.ts';
import type { Environment } from './interpolate.ts';
import { type AnonymousCatalog, COMMAND_LINE, ConfigError, ENVIRONMENT, type LogLevel, type Problem } from './model.ts';
import { ANONYMOUS_CATALOGS } from './schema.ts';
import { checkSecret, secretOddity } from './secrets.ts';
import { didYouMean } from './suggest.ts';
import { type Checked, checkHost, checkLogLevel, checkStore, type StoreUri } from './values.ts';

/** Guessed within hours where nothing slows the attempts down. */
const SHORT_KEY = 8;

/** The name of a flag or variable, and what is given for it. */
type Named = readonly [name: string, text: string | undefined];

export class SettingsReader {
  readonly problems: Problem[];
  readonly warnings: Problem[] = [];
  readonly #flags: Flags;
  readonly #env: Environment;

  constructor(flags: Flags, env: Environment) {
    this.#flags = flags;
    this.#env = env;
    this.problems = [...flags.problems];
  }

  /** `--host`, what the file says, or `otherwise`. */
  host(fromFile: string | undefined, otherwise: string): string {
    return this.checked('--host', this.#flags.host, checkHost) ?? fromFile ?? otherwise;
  }

  /** `--port`, where 0 is any free one, what the file says, or `otherwise`; 0 where it is wrong or missing. */
  port(fromFile: number | undefined, otherwise: number | undefined): number {
    const text = this.#flags.port;
    if (text === undefined) return fromFile ?? otherwise ?? 0;
    const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (port <= 65535) return port;
    this.problem('--port', `'${text}' is not a port`, 'use a number from 0 (any free port) to 65535');
    return 0;
  }

  /** Never open by accident: an empty key is a mistake, not the absence of one. */
  apiKey(): string | undefined {
    const [name, key] =
      this.#flags.apiKey !== undefined
        ? ['--api-key', this.#flags.apiKey]
        : ['LATCHKEY_API_KEY', this.#env.LATCHKEY_API_KEY];
    if (key === undefined) return undefined;
    if (key === '') this.problem(name, 'is empty', 'give a key, or leave it out to ask for none');
    else if (!/^[!-~](?:[ -~]*[!-~])?$/.test(key)) {
      const remedy = 'use printable ASCII without a space or line break at its ends';
      this.problem(name, 'holds a character that a header cannot carry', remedy);
    } else if (key.length < SHORT_KEY) {
      this.warning(
        name,
        `is shorter than ${SHORT_KEY} characters and easily guessed`,
        'openssl rand -hex 32 makes one',
      );
    }
    return key;
  }

  tls(): { certFile: string; keyFile: string } | undefined {
    const { sslCertfile, sslKeyfile } = this.#flags;
    if (sslCertfile === undefined && sslKeyfile === undefined) return undefined;
    const certFile = this.#file('--ssl-certfile', sslCertfile, '--ssl-keyfile');
    const keyFile = this.#file('--ssl-keyfile', sslKeyfile, '--ssl-certfile');
    return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
  }

  /** `--log-level`, `LOG_LEVEL`, or what the file says. */
  logLevel(fromFile: LogLevel | undefined): LogLevel {
    const variable = this.#env.LOG_LEVEL || undefined;
    const level = this.either(['--log-level', this.#flags.logLevel], ['LOG_LEVEL', variable], checkLogLevel);
    return level ?? fromFile ?? 'info';
  }

  anonymousCatalog(): AnonymousCatalog | undefined {
    return this.checked('--anonymous-catalog', this.#flags.anonymousCatalog, (text) => {
      const value = ANONYMOUS_CATALOGS.find((known) => known === text);
      const remedy = didYouMean(text, ANONYMOUS_CATALOGS) ?? `use ${ANONYMOUS_CATALOGS.join(', ')}`;
      return value === undefined ? { flaw: `'${text}' is not a kind of catalog`, remedy } : { value };
    });
  }

  /** `--store`, what the file says, or a database in the home folder. */
  store(fromFile: string | undefined): StoreUri {
    const home = this.#env.HOME || homedir();
    const fallback: StoreUri = `sqlite:${join(resolve(home), '.latchkey', 'latchkey.db')}`;
    const check = (text: string) => checkStore(text, process.cwd(), home);
    if (this.#flags.store === undefined && fromFile !== undefined)
      return this.checked('store', fromFile, check) ?? fallback;
    return this.checked('--store', this.#flags.store, check) ?? fallback;
  }

  /** The value in its normal form; undefined when absent or wrong. */
  checked<T>(name: string, text: string | undefined, check: (text: string) => Checked<T>): T | undefined {
    if (text === undefined) return undefined;
    const result = check(text);
    if ('value' in result) return result.value;
    this.problem(name, result.flaw, result.remedy);
    return undefined;
  }

  /** The first that is given of a flag and a variable, each with its name; undefined when absent or wrong. */
  either<T>(flag: Named, variable: Named, check: (text: string) => Checked<T>): T | undefined {
    return this.checked(...(flag[1] === undefined ? variable : flag), check);
  }

  /** A secret from a flag, a variable or, checked already, the file. An empty one is a mistake, not the absence of one. */
  secret(flag: Named, variable: Named, fromFile: string | undefined): string | undefined {
    const [name, text] = flag[1] === undefined ? variable : flag;
    if (text === undefined) return fromFile;
    const secret = this.checked(name, text, checkSecret);
    // The file may name the variable: then this was said of the file.
    const oddity = secret === undefined || secret === fromFile ? undefined : secretOddity(secret);
    if (oddity !== undefined) this.warning(name, oddity.message, oddity.remedy);
    return secret;
  }

  list<T>(name: string, texts: readonly string[] | undefined, check: (text: string) => Checked<T>): T[] {
    return (texts ?? []).map((text) => this.checked(name, text, check)).filter((value) => value !== undefined);
  }

  problem(name: string, message: string, remedy?: string): void {
    this.problems.push(entry(name, message, remedy));
  }

  warning(name: string, message: string, remedy?: string): void {
    this.warnings.push(entry(name, message, remedy));
  }

  throwIfAny(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }

  #file(name: string, path: string | undefined, partner: string): string | undefined {
    if (path === undefined) {
      this.problem(name, `is missing beside ${partner}`, 'TLS needs both');
      return undefined;
    }
    const file = resolve(path);
    try {
      accessSync(file, constants.R_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Told below: for the reader, absent and forbidden ask for the same look.
    }
    this.problem(name, `${file} is not a readable file`);
    return undefined;
  }
}

function entry(name: string, message: string, remedy: string | undefined): Problem {
  const file = name.startsWith('-') ? COMMAND_LINE : ENVIRONMENT;
  return { file, path: name, message, ...(remedy === undefined ? {} : { remedy }) };
}
