/** The command line as it was written, before anything is checked but its grammar. */

import type { Problem } from './model.ts';

export interface Flags {
  readonly host?: string;
  readonly port?: string;
  readonly corsAllowOrigins?: readonly string[];
  readonly apiKey?: string;
  readonly strictAuth?: boolean;
  readonly type?: string;
  readonly config?: string;
  readonly name?: string;
  readonly description?: string;
  readonly version?: string;
  readonly sslCertfile?: string;
  readonly sslKeyfile?: string;
  readonly rootPath?: string;
  readonly pathPrefix?: string;
  readonly header?: string;
  readonly oauth?: boolean;
  readonly hotReload?: boolean;
  readonly logLevel?: string;
  readonly publicUrl?: string;
  readonly allowedHost?: readonly string[];
  readonly trustProxy?: readonly string[];
  readonly store?: string;
  readonly insecureOpen?: boolean;
  readonly webuiSecretKey?: string;
  readonly openWebuiUrl?: string;
  readonly userJwtSecret?: string;
  readonly trustForwardedUser?: boolean;
  /** Only to switch verifying off: never true. */
  readonly verifyJwt?: false;
  readonly documentKey?: string;
  readonly anonymousCatalog?: string;
  /** What stands behind `--`: a program with its arguments, or a URL. */
  readonly command?: readonly string[];
  /** Variables of `--env` and `--env-path` that the process does not have already. */
  readonly variables: Readonly<Record<string, string>>;
  /** What is wrong with single flags, told together with everything else. */
  readonly problems: readonly Problem[];
}
