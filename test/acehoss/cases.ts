/** Single requests and what their answers must be, as tables: one test for each row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RawRequest, raw } from '../http/raw.ts';
import { ours } from './gateway.ts';

export interface Case {
  readonly name: string;
  /** Bodies that are objects are sent as JSON. */
  readonly request: Omit<RawRequest, 'body'> & { readonly body?: unknown };
  readonly status: number;
  /** Word for word, or what it matches; an object is compared with the JSON that came. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | RegExp>>;
  /** The original does otherwise. */
  readonly isOurs?: boolean;
}

/** Makes a test of each row; `url` says where the gateway is, once it runs. */
export function tell(cases: readonly Case[], url: () => string): void {
  for (const story of cases) (story.isOurs === true ? ours : test)(story.name, () => check(url(), story));
}

async function check(url: string, { request, status, body, headers = {} }: Case): Promise<void> {
  const { body: given, ...rest } = request;
  const sent = typeof given === 'string' || given === undefined ? given : JSON.stringify(given);
  const answer = await raw(url, { ...rest, ...(sent === undefined ? {} : { body: sent }) });
  assert.equal(answer.status, status, answer.body);
  if (body !== undefined) compare(answer.body, body);
  for (const [name, expected] of Object.entries(headers)) compare(String(answer.headers[name]), expected);
}

function compare(found: string, expected: unknown): void {
  if (typeof expected === 'string') assert.equal(found, expected);
  else if (expected instanceof RegExp) assert.match(found, expected);
  else assert.deepEqual(JSON.parse(found), expected);
}
