/** What servers declare in `initialize` and `server/discover`, and how they say that one of their lists has changed. */
import { recordOf } from '../schema/json-schema.ts';
import { LEGACY_REVISIONS, MODERN } from '../upstream/protocol.ts';

/** `supportedVersions` of `server/discover` (2026-07-28): whatever a server speaks, callers can use any of ours. */
export const SUPPORTED_VERSIONS: readonly string[] = [MODERN, ...LEGACY_REVISIONS.toReversed()];

/** All that servers of any revision can have in common. */
export const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  logging: {},
  completions: {},
} as const;

/** The capabilities that are lists; templates change with the resources. */
export const CHANGED_LISTS = ['tools', 'prompts', 'resources'] as const;
export type ChangedList = (typeof CHANGED_LISTS)[number];

const LIST_BY_METHOD: ReadonlyMap<string, ChangedList> = new Map(
  CHANGED_LISTS.map((list) => [changedMethod(list), list]),
);

/** The notification that says that a list has changed. */
export function changedMethod(list: ChangedList): string {
  return `notifications/${list}/list_changed`;
}

/** Which list a notification says has changed; undefined where it says something else. */
export function changedBy(method: string): ChangedList | undefined {
  return LIST_BY_METHOD.get(method);
}

/** Whether a server with these capabilities tells when the list changes. */
export function announces(capabilities: unknown, list: ChangedList): boolean {
  return recordOf(recordOf(capabilities)[list]).listChanged === true;
}
