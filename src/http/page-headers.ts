/** The headers that keep the pages from being framed, and from running anything that is not ours. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

/** Everything comes from ourselves, nothing is inline, nobody may frame us. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

/** They are the same for every page, and most requests are for none. */
export function pageHeaders(publicUrl: URL): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const set = helmet({
    contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    // Not `no-referrer`: with that, browsers send `Origin: null` with our own forms.
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: publicUrl.protocol === 'https:',
  });
  // Express's words for "set a header" are all that it needs of a response.
  const response: Pick<ServerResponse, 'setHeader' | 'removeHeader'> = {
    setHeader: (name, value) => {
      headers[name.toLowerCase()] = String(value);
      return response as ServerResponse;
    },
    removeHeader: () => undefined,
  };
  set({} as IncomingMessage, response as ServerResponse, () => undefined);
  return headers;
}
