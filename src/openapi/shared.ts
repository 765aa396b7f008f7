/** The components that every document shares: what is answered when a call does not succeed. */
import type { JsonSchema } from '../schema/json-schema.ts';
import type { Reference, ResponseObject } from './model.ts';

/** mcpo's two schemas of a 422 answer, as FastAPI writes them, and one for all other faults. */
export const SHARED_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Error: {
    properties: {
      detail: {
        anyOf: [{ type: 'string' }, { type: 'object' }],
        title: 'Detail',
        description: 'What went wrong: a text, or an object with `message` and more.',
      },
    },
    type: 'object',
    required: ['detail'],
    title: 'Error',
  },
  HTTPValidationError: {
    properties: {
      detail: { items: { $ref: '#/components/schemas/ValidationError' }, type: 'array', title: 'Detail' },
    },
    type: 'object',
    title: 'HTTPValidationError',
  },
  ValidationError: {
    properties: {
      loc: { items: { anyOf: [{ type: 'string' }, { type: 'integer' }] }, type: 'array', title: 'Location' },
      msg: { type: 'string', title: 'Message' },
      type: { type: 'string', title: 'Error Type' },
      input: { title: 'Input' },
      ctx: { type: 'object', title: 'Context' },
    },
    type: 'object',
    required: ['loc', 'msg', 'type'],
    title: 'ValidationError',
  },
};

/** Added where somebody has to sign in at a server: the answer is flat, and says where. */
export const LOGIN_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  LoginNeeded: {
    properties: {
      error: { type: 'string', title: 'Error', description: 'A stable code, such as `authorization_required`.' },
      message: { type: 'string', title: 'Message', description: 'What to do, for people.' },
      authorize_url: {
        type: 'string',
        title: 'Authorize Url',
        description: 'Open it in a browser; absent where that cannot help.',
      },
    },
    type: 'object',
    required: ['error', 'message'],
    title: 'LoginNeeded',
  },
};

/** What callers have to prove, if anything. */
export interface Demands {
  /** The gateway asks for a credential. */
  readonly secured: boolean;
  /** The server wants each person to sign in. */
  readonly logins: boolean;
}

interface Failure {
  readonly name: string;
  readonly status: string;
  readonly description: string;
  /** Only where it is demanded. */
  readonly of?: keyof Demands;
}

const FAILURES: readonly Failure[] = [
  { name: 'Unauthorized', status: '401', description: 'A credential is missing', of: 'secured' },
  { name: 'Forbidden', status: '403', description: 'The credential is wrong', of: 'secured' },
  // They take the places of the two above: a caller who was let in gets no others.
  { name: 'LoginNeeded', status: '401', description: 'Connect your account first', of: 'logins' },
  { name: 'RightsNeeded', status: '403', description: 'Your connection lacks rights for this call', of: 'logins' },
  { name: 'ValidationError', status: '422', description: 'Validation Error' },
  { name: 'ToolError', status: '500', description: 'The tool failed' },
  { name: 'Unavailable', status: '503', description: 'The server is not reachable at the moment' },
  { name: 'Timeout', status: '504', description: 'The server did not answer in time' },
];

function failures(demands: Demands): readonly Failure[] {
  return FAILURES.filter(({ of }) => of === undefined || demands[of]);
}

function schemaOf({ status, of }: Failure): string {
  if (of === 'logins') return 'LoginNeeded';
  return status === '422' ? 'HTTPValidationError' : 'Error';
}

/** The shared answers, for `components.responses`. */
export function sharedResponses(demands: Demands): Record<string, ResponseObject> {
  return Object.fromEntries(
    failures(demands).map((failure) => {
      const schema = { $ref: `#/components/schemas/${schemaOf(failure)}` };
      return [failure.name, { description: failure.description, content: { 'application/json': { schema } } }];
    }),
  );
}

/** References to them, for an operation. */
export function failureReferences(demands: Demands): Record<string, Reference> {
  return Object.fromEntries(
    failures(demands).map(({ name, status }) => [status, { $ref: `#/components/responses/${name}` }]),
  );
}
