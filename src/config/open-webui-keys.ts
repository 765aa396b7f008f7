/** What the file says of Open WebUI, of documents for callers without a credential, and of their secrets. */

import type { GatewayKeys, OpenWebuiConfig } from './model.ts';
import type { Report } from './report.ts';
import type { GatewayEntry } from './schema.ts';
import { checkDocumentKey, checkSecret, secretOddity } from './secrets.ts';
import type { Path } from './tree.ts';
import { type Checked, checkPublicUrl } from './values.ts';

const HOUR_MS = 3_600_000;

/** Numbers here are secrets as they are written. */
export const OPEN_WEBUI_TEXTS: readonly Path[] = [
  ['webui_secret_key'],
  ['document_key'],
  ['open_webui', 'user_jwt_secret'],
];

/** Whatever is there and right; `take` reports what is wrong. */
export function buildOpenWebui(
  entry: GatewayEntry,
  take: <T>(path: Path, text: string | undefined, check: (text: string) => Checked<T>) => T | undefined,
  report: Report,
): Pick<GatewayKeys, 'openWebui' | 'anonymousCatalog' | 'documentKey'> {
  const { open_webui: keys, anonymous_catalog: anonymousCatalog } = entry;
  const secret = (path: Path, text: string | undefined): string | undefined => {
    const value = take(path, text, checkSecret);
    const oddity = value === undefined ? undefined : secretOddity(value);
    if (oddity !== undefined) report.warning(path, oddity.message, oddity.remedy);
    return value;
  };
  const hours = keys?.max_token_age_hours;
  const openWebui: Partial<OpenWebuiConfig> = present({
    url: take(['open_webui', 'url'], keys?.url, checkPublicUrl),
    publicUrl: take(['open_webui', 'public_url'], keys?.public_url, checkPublicUrl),
    introspect: keys?.introspect,
    secretKey: secret(['webui_secret_key'], entry.webui_secret_key),
    userJwtSecret: secret(['open_webui', 'user_jwt_secret'], keys?.user_jwt_secret),
    trustForwardedUser: keys?.trust_forwarded_user,
    verifyJwt: entry.verify_jwt,
    allowWithoutExpiry: keys?.allow_tokens_without_exp,
    maxTokenAgeMs: hours === undefined ? undefined : Math.ceil(hours * HOUR_MS),
  });
  const documentKey = take(['document_key'], entry.document_key, checkDocumentKey);
  return {
    ...(Object.keys(openWebui).length === 0 ? {} : { openWebui }),
    ...present({ anonymousCatalog, documentKey }),
  };
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function present<T extends object>(record: T): Present<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Present<T>;
}
