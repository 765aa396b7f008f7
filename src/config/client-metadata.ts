/** `client_metadata`: what a client registration says about us (RFC 7591 2). */

import { checkScope, checkWebUrl } from './oauth-values.ts';

/** The methods that we can prove ourselves with. */
export const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post'] as const;

type Metadata = Readonly<Record<string, unknown>>;
/** What is wrong with the value of a field; begins with a verb. */
type Check = (value: unknown) => string | undefined;

const FIELDS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['redirect_uris', strings],
  ['token_endpoint_auth_method', (value) => oneOf(value, AUTH_METHODS)],
  // Without these two no login of ours can work.
  ['grant_types', (value) => stringsWith(value, 'authorization_code')],
  ['response_types', (value) => stringsWith(value, 'code')],
  ['client_name', string],
  ['client_uri', webUrl],
  ['logo_uri', webUrl],
  ['tos_uri', webUrl],
  ['policy_uri', webUrl],
  ['scope', scope],
  ['contacts', strings],
  ['jwks_uri', webUrl],
  ['jwks', (value) => (isMapping(value) ? undefined : 'must be a mapping')],
  ['software_id', string],
  ['software_version', string],
  ['software_statement', string],
  // OpenID Connect Dynamic Client Registration 2, which MCP servers look at too.
  ['application_type', (value) => oneOf(value, ['web', 'native'])],
]);

/** What only the answer to a registration has (RFC 7591 3.2.1, RFC 7592 3). */
const ANSWER_FIELDS: ReadonlySet<string> = new Set([
  'client_id',
  'client_secret',
  'client_id_issued_at',
  'client_secret_expires_at',
  'registration_access_token',
  'registration_client_uri',
]);

/** What is wrong, by field; an empty field (null) counts as absent. */
export function metadataFlaws(metadata: Metadata): { readonly field: string; readonly flaw: string }[] {
  return Object.entries(metadata).flatMap(([field, value]) => {
    const flaw = value === null ? undefined : checkOf(field)?.(value);
    return flaw === undefined ? [] : [{ field, flaw }];
  });
}

/** What works, but perhaps not as meant. `redirect_uris` is judged elsewhere. */
export function metadataOddities(metadata: Metadata): { readonly field: string; readonly message: string }[] {
  return Object.keys(metadata).flatMap((field) => {
    if (ANSWER_FIELDS.has(field)) {
      return [
        {
          field,
          message:
            'is no part of a registration and is not sent; client_id and client_secret go beside client_metadata',
        },
      ];
    }
    return checkOf(field) === undefined ? [{ field, message: 'is no field of RFC 7591; it is sent as it is' }] : [];
  });
}

/** The fields that are sent. We alone know where the browser comes back to, so `redirect_uris` never is. */
export function registrationFields(metadata: Metadata): Record<string, unknown> {
  const isSent = ([field, value]: [string, unknown]) =>
    value !== null && field !== 'redirect_uris' && !ANSWER_FIELDS.has(field);
  return Object.fromEntries(Object.entries(metadata).filter(isSent));
}

/** A language may follow a field's name (RFC 7591 2.2), as in `client_name#de`. */
function checkOf(field: string): Check | undefined {
  return FIELDS.get(field.split('#')[0] ?? field);
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? undefined : 'must be a string that is not empty';
}

function strings(value: unknown): string | undefined {
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return isList ? undefined : 'must be a list of strings';
}

function stringsWith(value: unknown, needed: string): string | undefined {
  return strings(value) ?? ((value as string[]).includes(needed) ? undefined : `must hold '${needed}'`);
}

function oneOf(value: unknown, values: readonly string[]): string | undefined {
  return values.some((known) => known === value) ? undefined : `must be one of ${values.join(', ')}`;
}

function webUrl(value: unknown): string | undefined {
  const checked = typeof value === 'string' ? checkWebUrl(value) : { flaw: 'must be a string' };
  return 'flaw' in checked ? checked.flaw : undefined;
}

function scope(value: unknown): string | undefined {
  const checked = typeof value === 'string' ? checkScope(value) : { flaw: 'must be a string' };
  return 'flaw' in checked ? checked.flaw : undefined;
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
