/** One wording for a store that fails in the middle of a login. */
import { GatewayError, messageOf } from '../errors.ts';

/** Resolves as `work` does; rejects with `GatewayError`: its own, or `storage_failed` in place of anything else. */
export async function stored<R>(work: Promise<R>): Promise<R> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError('storage_failed', 500, 'The gateway cannot reach its store. Try again later.', {
      privateDetail: messageOf(error),
      cause: error,
    });
  }
}
