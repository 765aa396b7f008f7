/** A gateway for one test, which is closed however the test ends. */
import type { TestContext } from 'node:test';
import { type AppSetup, type RunningApp, startApp } from '../helpers/app.ts';

export async function startFor(t: TestContext, setup: AppSetup): Promise<RunningApp> {
  const app = await startApp(setup);
  t.after(() => app.close());
  return app;
}
