/** How a connection to a server stands. */

export type LinkState =
  | { readonly state: 'connecting' }
  | { readonly state: 'ready' }
  | { readonly state: 'failed'; readonly reason: string; readonly retryAt: number }
  /** A person has to sign in first; nothing is tried meanwhile. */
  | { readonly state: 'needs-login' }
  | { readonly state: 'closed' };
