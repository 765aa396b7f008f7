/** What there is around the process to make a login with: a browser, a terminal to read on, one to type on. */
import type { ReadStream } from 'node:tty';
import type { Environment } from '../../config/interpolate.ts';
import { hasBrowser, openBrowser, thisMachine } from './browser.ts';
import { typingTerminal } from './paste.ts';

export interface Surroundings {
  readonly hasBrowser: boolean;
  /** Whether a person reads what we write. */
  readonly hasReader: boolean;
  /** Where a person types, asked again for each login; undefined: nowhere. */
  typing(): ReadStream | undefined;
  /** Rejects where that fails. */
  openBrowser(url: URL): Promise<void>;
}

export function realSurroundings(env: Environment): Surroundings {
  return {
    hasBrowser: hasBrowser(env, thisMachine()),
    hasReader: process.stderr.isTTY === true,
    typing: typingTerminal,
    openBrowser,
  };
}
