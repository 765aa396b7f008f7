/** Whether Open WebUI is where the operator says, found out before a user needs it. */
import { Agent, request } from 'undici';
import { bounded, NoVerdict, reasonOf } from './introspection.ts';

export interface ProbeOptions {
  /** Ends the question early; then nothing is amiss. */
  readonly signal: AbortSignal;
  /** For the question as a whole; default 5,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;

/**
 * Asks for the version, without a token. Resolves with what is amiss, in words; undefined: nothing is. `url`: without a
 * trailing slash.
 */
export async function probeOpenWebui(
  url: string,
  { signal, timeoutMs = TIMEOUT_MS }: ProbeOptions,
): Promise<string | undefined> {
  const agent = new Agent({ pipelining: 0 });
  try {
    const { statusCode, body } = await request(`${url}/api/version`, {
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'latchkey' },
    });
    const text = await bounded(body);
    if (statusCode !== 200) return `${url} answered ${statusCode} where Open WebUI tells its version`;
    return hasVersion(text) ? undefined : `what answers at ${url} is not Open WebUI`;
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof NoVerdict) return `what answers at ${url} is not Open WebUI`;
    return `Open WebUI is not reached at ${url} (${reasonOf(error)})`;
  } finally {
    await agent.destroy();
  }
}

/** Any page of a wrong address answers 200, too. */
function hasVersion(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'version') === 'string';
  } catch {
    return false;
  }
}
