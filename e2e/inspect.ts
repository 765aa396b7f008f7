/** Looks at a page as people would: with axe, in light and dark, on a telephone; and at what it complained about. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { picture, type Watched } from './browser.ts';
import type { LoginSite } from './login-site.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { width: 360, height: 740 };

/** Checks and pictures the page in every look that it has; afterwards it is light and wide again. */
export async function inspect(page: Page, name: string): Promise<void> {
  const wide = page.viewportSize();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violations(page), [], `${name}, ${colorScheme}`);
    await picture(page, `${name}-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(PHONE);
  const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
  assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide for a telephone`);
  await picture(page, `${name}-phone`);
  if (wide !== null) await page.setViewportSize(wide);
}

/** Swagger UI is left out: its markup is not ours to mend. */
function violations(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`${AXE};
    axe.run({ exclude: ['#swagger-ui'] }).then((found) =>
      found.violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`);
}

/**
 * Fails where a page said anything to the console, broke the content security policy, missed a file, or asked anybody
 * but the gateway and the provider. `refusals`: the statuses that were meant to come, in order; browsers log them.
 */
export function assertQuiet(
  { complaints, origins }: Watched,
  { home, provider }: LoginSite,
  refusals: readonly number[] = [],
): void {
  const statuses = complaints.map((text) => /responded with a status of (\d{3})/.exec(text)?.[1]);
  const others = complaints.filter((_, index) => statuses[index] === undefined);
  assert.deepEqual(others, []);
  const refused = statuses.flatMap((status) => (status === undefined ? [] : Number(status)));
  assert.deepEqual(refused, refusals);
  const strangers = [...origins].filter((origin) => origin !== home && origin !== provider.origin);
  assert.deepEqual(strangers, []);
}
