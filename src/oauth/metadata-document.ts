/** Fetches metadata documents: JSON objects at well-known places. */
import type { OAuthFetch } from './fetch.ts';
import { discoveryFailed } from './metadata-errors.ts';

export type MetadataDocument = Readonly<Record<string, unknown>>;

/** `none`: every place answered 404. `refused`: some place answered with another refusal, or with something else than JSON. */
export type DocumentSearch = MetadataDocument | 'none' | 'refused';

const HEADERS = { accept: 'application/json', 'mcp-protocol-version': '2025-11-25' };
const MAX_ENTRIES = 500;
const MAX_ENTRY = 256;

/**
 * The first document at these places, asked one after another and no further than needed. A refusal (4xx, or 502 of a
 * proxy) and a page instead of JSON lead to the next place. Throws `LoginError` when a server is out of order.
 */
export async function firstDocument(places: readonly string[], fetch: OAuthFetch): Promise<DocumentSearch> {
  let search: 'none' | 'refused' = 'none';
  for (const place of places) {
    const answer = await fetch(place, { headers: HEADERS });
    const document = answer.status === 200 ? await documentOf(answer) : undefined;
    if (document !== undefined) return document;
    if (!isPassedOver(answer.status)) throw outOfOrder(place, answer.status);
    if (answer.status !== 404) search = 'refused';
  }
  return search;
}

/** The texts of a list, without what is too long or too much; undefined where it is no list. */
export function textList(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((entry): entry is string => typeof entry === 'string' && entry.length <= MAX_ENTRY);
  return texts.slice(0, MAX_ENTRIES);
}

function isPassedOver(status: number): boolean {
  return status === 200 || status === 502 || (status >= 400 && status < 500);
}

async function documentOf(answer: Response): Promise<MetadataDocument | undefined> {
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(answer.headers.get('content-type') ?? '')) return undefined;
  try {
    const value: unknown = JSON.parse(await answer.text());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as MetadataDocument)
      : undefined;
  } catch {
    return undefined;
  }
}

function outOfOrder(place: string, status: number): Error {
  return discoveryFailed(`"${new URL(place).hostname}" answered with HTTP ${status} when asked how to sign in.`);
}
