/** What a document shows of a server where each person signs in to somebody who has no tools there. */
import type { AnonymousCatalog } from '../config/model.ts';
import type { Principal } from '../identity/principal.ts';

export interface ViewOptions {
  readonly anonymousCatalog: AnonymousCatalog;
  readonly documentKey: string | undefined;
}

/** Anybody can have a session, or say an id that nobody verifies. */
const PROVEN: ReadonlySet<Principal['via']> = new Set(['basic', 'bearer', 'openwebui']);

/**
 * `learned`: what others were shown, and how to connect; `connect-only`: how to connect; `off`: nothing.
 * `hasKey`: the request shows the key of the documents.
 */
export function viewFor({ via }: Principal, hasKey: boolean, options: ViewOptions): AnonymousCatalog {
  const { anonymousCatalog, documentKey } = options;
  if (via === 'api-key') return 'learned';
  if (hasKey && anonymousCatalog !== 'off') return 'learned';
  if (PROVEN.has(via)) return anonymousCatalog === 'learned' ? 'learned' : 'connect-only';
  return documentKey !== undefined && anonymousCatalog === 'learned' ? 'connect-only' : anonymousCatalog;
}
