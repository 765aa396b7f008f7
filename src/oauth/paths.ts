/** The gateway's own addresses that belong to the logins of one server. */

/**
 * `authorize`: where a person starts. `callback`: where the browser comes back to. `status`: who is connected.
 * `disconnect`: takes a POST. `code`, `drop` (takes a POST) and `done`: the end of a login that was begun in a chat. The
 * last: who we are as a client.
 */
export type LoginPage =
  | 'authorize'
  | 'callback'
  | 'status'
  | 'disconnect'
  | 'code'
  | 'drop'
  | 'done'
  | 'client-metadata.json';

/** `publicBase`: where people reach the gateway, root path included, without a trailing slash. */
export function loginAddress(publicBase: string, serverName: string, page: LoginPage): string {
  return `${publicBase}${loginPath(serverName, page)}`;
}

/** The path alone. A name with slashes keeps them: it is several segments in every other path too. */
export function loginPath(serverName: string, page: LoginPage): string {
  return `/oauth/${serverName.split('/').map(encodeURIComponent).join('/')}/${page}`;
}
