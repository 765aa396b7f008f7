/** What the person who runs latchkey is told of the one login of a server: on a terminal, or in the log. */

/** The log gets no `lines`: an authorization URL holds the `state` of its login. */
export interface Notice {
  readonly server: string;
  readonly level: 'info' | 'warn';
  /** For a terminal; the first follows the name of the server. */
  readonly lines: readonly string[];
  /** For the log. */
  readonly message: string;
  /** For the log: an address of the gateway, without a query. */
  readonly address?: string;
  /** For the log, if need be. */
  readonly reason?: string;
}

/** `address`: where any browser begins a login at the server. */
export function loginNeeded(server: string, address: string): Notice {
  const message = 'a login is needed, one for all callers: open the address in a browser';
  return { server, level: 'warn', lines: ['needs a login, one for all callers; open', address], message, address };
}

export function browserOpened(server: string): Notice {
  const message = 'a browser opens for the login';
  return { server, level: 'info', lines: [message], message };
}

/** For a terminal alone. `mayPaste`: somebody can type there. */
export function authorizationAddress(server: string, url: URL, mayPaste: boolean): Notice {
  const lines = [
    'to sign in with a browser on any machine, open',
    url.href,
    ...(mayPaste ? ['If that browser cannot come back here, paste the address that it ends at, and press Enter.'] : []),
  ];
  return { server, level: 'info', lines, message: 'a login is under way' };
}

/** `reason`: what the system says, such as EADDRINUSE. */
export function portRefused(server: string, port: number, address: string, reason: string): Notice {
  const isTaken = reason === 'EADDRINUSE';
  const what = isTaken ? 'is in use by another program' : 'cannot be opened';
  const remedy = `${isTaken ? 'end that program or ' : ''}choose another oauth.callback_port`;
  const message = `the callback port ${port} ${what}; ${remedy}, or sign in through the gateway's own address`;
  return { server, level: 'warn', lines: [`${message}:`, address], message, address, reason };
}

export function loginFailed(server: string, address: string, message: string, remedy: string): Notice {
  const lines = [`the login failed. ${message} ${remedy}`, `To try again open ${address}`];
  return {
    server,
    level: 'warn',
    lines,
    message: 'the login failed; to try again open the address',
    address,
    reason: message,
  };
}

export function loginUnfinished(server: string, address: string): Notice {
  const message = 'nobody has finished the login; to begin again open the address, or Connect on the page';
  return { server, level: 'warn', lines: [message, address], message, address };
}

export function disconnected(server: string, address: string): Notice {
  const message = 'somebody has disconnected the account; to connect one again open the address';
  return { server, level: 'info', lines: [message, address], message, address };
}

/** For a terminal alone: what was typed is not an answer to the login under way. */
export function notAnAnswer(server: string): Notice {
  const hint = 'that is not the end of this login. Paste the whole address of the page where the browser ends up,';
  return {
    server,
    level: 'info',
    lines: [hint, 'with everything behind the question mark.'],
    message: 'an unknown line',
  };
}
