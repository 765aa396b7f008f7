/** How a caller can say who it is, in words: what is told where a call names nobody. */
import type { AuthConfig, OpenWebuiConfig } from '../config/model.ts';

export interface WaysToSay {
  readonly apiKey?: string | undefined;
  readonly auth?: AuthConfig | undefined;
  readonly openWebui: OpenWebuiConfig;
}

/** One or two sentences, by what is configured; the ways that come first are told alone. */
export function howToName({ auth, openWebui }: WaysToSay): string {
  const { userJwtSecret, trustForwardedUser, secretKey, introspect, url } = openWebui;
  if (userJwtSecret !== undefined) {
    return 'Open WebUI has to send X-OpenWebUI-User-Jwt: set ENABLE_FORWARD_USER_INFO_HEADERS=true and FORWARD_USER_INFO_HEADER_JWT_SECRET there, and restart it.';
  }
  if (trustForwardedUser) {
    return 'Open WebUI has to send X-OpenWebUI-User-Id: set ENABLE_FORWARD_USER_INFO_HEADERS=true there, and restart it.';
  }
  if (secretKey !== undefined || (introspect && url !== undefined)) {
    return 'In Open WebUI the authentication of the connection has to be "Session".';
  }
  if (auth !== undefined) return 'Programs need the name and password, or the token, of one person.';
  return 'Programs need a credential of one person: the operator of this gateway sets up accounts with `auth` in its configuration.';
}

/** How an MCP client that showed no credential can show one, in a sentence or two; `tokensAt`: where people make access tokens. */
export function howToShow(ways: WaysToSay, tokensAt: string | undefined): string {
  if (tokensAt !== undefined) {
    return `Make an access token at ${tokensAt}, and let the client send it as a header: Authorization: Bearer lk_...`;
  }
  if (ways.apiKey !== undefined) {
    return 'Let the client send the API key of this gateway as a header: Authorization: Bearer KEY';
  }
  return howToName(ways);
}
