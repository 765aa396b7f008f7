/** Going on at the gateway as the user whom Open WebUI's cookie names. */
import assert from 'node:assert/strict';
import { signedInToOpenWebui } from './hand-off-story.ts';
import type { Person } from './login-story.ts';
import type { RawAnswer } from './raw.ts';

/** The fields of the form that offers it; undefined: no form does. */
export function offerIn({ body }: RawAnswer): Record<string, string> | undefined {
  const form = [...body.matchAll(/<form[^>]*>([\s\S]*?)<\/form>/g)].find(([text]) =>
    text.includes('name="open_webui"'),
  );
  if (form === undefined) return undefined;
  const fields = [...(form[1] ?? '').matchAll(/name="(\w+)" value="([^"]*)"/g)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]));
}

/** Signs in by the form of the page at `/`. */
export async function continueAs(browser: Person, id: string): Promise<void> {
  await signedInToOpenWebui(browser, id);
  const fields = offerIn(await browser.go('/'));
  assert.ok(fields, 'no offer');
  assert.equal((await browser.submit('/login', fields)).status, 303);
}
