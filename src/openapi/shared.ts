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

interface Failure {
  readonly name: string;
  readonly status: string;
  readonly description: string;
  /** Only where a credential is asked for. */
  readonly secured?: boolean;
}

const FAILURES: readonly Failure[] = [
  { name: 'Unauthorized', status: '401', description: 'A credential is missing', secured: true },
  { name: 'Forbidden', status: '403', description: 'The credential is wrong', secured: true },
  { name: 'ValidationError', status: '422', description: 'Validation Error' },
  { name: 'ToolError', status: '500', description: 'The tool failed' },
  { name: 'Unavailable', status: '503', description: 'The server is not reachable at the moment' },
  { name: 'Timeout', status: '504', description: 'The server did not answer in time' },
];

function failures(secured: boolean): readonly Failure[] {
  return FAILURES.filter((failure) => secured || failure.secured !== true);
}

/** The shared answers, for `components.responses`. */
export function sharedResponses(secured: boolean): Record<string, ResponseObject> {
  return Object.fromEntries(
    failures(secured).map(({ name, status, description }) => {
      const schema = { $ref: `#/components/schemas/${status === '422' ? 'HTTPValidationError' : 'Error'}` };
      return [name, { description, content: { 'application/json': { schema } } }];
    }),
  );
}

/** References to them, for an operation. */
export function failureReferences(secured: boolean): Record<string, Reference> {
  return Object.fromEntries(
    failures(secured).map(({ name, status }) => [status, { $ref: `#/components/responses/${name}` }]),
  );
}
