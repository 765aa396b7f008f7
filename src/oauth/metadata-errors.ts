/** What can be wrong with what a server and its authorization server publish. */
import { LoginError } from './errors.ts';

const MAX_QUOTED = 200;

/** 502 `metadata_rejected`: it is there, but must not be used. */
export function metadataRejected(message: string, options: { title?: string; remedy?: string } = {}): LoginError {
  return new LoginError({
    code: 'metadata_rejected',
    status: 502,
    title: options.title ?? 'The sign-in settings of this server cannot be used',
    message,
    remedy: options.remedy ?? 'Tell the operator of that server.',
  });
}

/** 502 `discovery_failed`: it could not be found or read. */
export function discoveryFailed(
  message: string,
  options: { remedy?: string; privateDetail?: unknown } = {},
): LoginError {
  return new LoginError({
    code: 'discovery_failed',
    status: 502,
    title: 'The sign-in service could not be found',
    message,
    remedy: options.remedy ?? 'Try again in a minute; if it stays so, tell the operator of this gateway.',
    privateDetail: options.privateDetail,
    retry: true,
  });
}

/** A text from the network as it may stand in a message: quoted, and not long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text);
}
