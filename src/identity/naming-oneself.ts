/** How a caller can say who it is, in words: what people are told whose call names nobody. */
import type { AuthConfig, OpenWebuiConfig } from '../config/model.ts';

export interface WaysToSay {
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
  return 'Programs need a credential of one person, which the operator of this gateway can set up.';
}
