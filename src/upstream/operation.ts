/** What the step-ups of a login are remembered by. */
import type { Params } from './jsonrpc.ts';

/** The tool that is called, or else the method. Callers write both: a name that is no text is none. */
export function operationOf(method: string, { name }: Readonly<Params>): string {
  return method === 'tools/call' && typeof name === 'string' ? name : method;
}
