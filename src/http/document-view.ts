/** What a document shows of a server where each person signs in to somebody who has no tools there. */
import type { AnonymousCatalog } from '../config/model.ts';
import { isProven, type Principal } from '../identity/principal.ts';

export interface ViewOptions {
  readonly anonymousCatalog: AnonymousCatalog;
  readonly documentKey: string | undefined;
}

/**
 * `learned`: what others were shown, and how to connect; `connect-only`: how to connect; `off`: nothing.
 * `hasKey`: the request shows the key of the documents.
 */
export function viewFor(reader: Principal, hasKey: boolean, options: ViewOptions): AnonymousCatalog {
  const { anonymousCatalog, documentKey } = options;
  if (reader.via === 'api-key') return 'learned';
  if (hasKey && anonymousCatalog !== 'off') return 'learned';
  if (isProven(reader)) return anonymousCatalog === 'learned' ? 'learned' : 'connect-only';
  return documentKey !== undefined && anonymousCatalog === 'learned' ? 'connect-only' : anonymousCatalog;
}
