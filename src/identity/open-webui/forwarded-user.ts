/** The user whom the holder of the API key names in plain headers; worth as much as the key, and as who has it. */
import { GatewayError } from '../../errors.ts';
import type { Credentials } from '../credentials.ts';
import { openWebuiPrincipal, type Principal } from '../principal.ts';
import { isUserId, labelOf } from './user-id.ts';

/** Undefined: nobody is named. Throws 400 where a header stands twice, or no user has such an id. */
export function forwardedUser(credentials: Pick<Credentials, 'header'>): Principal | undefined {
  const id = credentials.header('x-openwebui-user-id');
  if (id === undefined) return undefined;
  if (!isUserId(id)) {
    throw new GatewayError(
      'bad_request',
      400,
      'X-OpenWebUI-User-Id holds no user id: 1 to 256 characters without spaces.',
    );
  }
  return openWebuiPrincipal(
    id,
    labelOf(decoded(credentials.header('x-openwebui-user-name')), credentials.header('x-openwebui-user-email')),
  );
}

/** Open WebUI sends names percent-encoded. */
function decoded(name: string | undefined): string | undefined {
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return name;
  }
}
