/** Answers to credentials that do not count. */
import { type ErrorCode, GatewayError } from '../errors.ts';

/** 401 with the challenge that RFC 9110 11.6.1 asks for. */
export function unauthorized(
  code: Extract<ErrorCode, 'missing_credentials' | 'invalid_credentials' | 'token_expired'>,
  message: string,
): GatewayError {
  return new GatewayError(code, 401, message, { headers: { 'www-authenticate': 'Bearer' } });
}
