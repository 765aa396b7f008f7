/** What goes into an OpenAPI document and what comes out of it. */
import type { JsonSchema } from '../schema/json-schema.ts';

/** A tool as a document needs it. */
export interface DocumentedTool {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
  /** Where it is under its server; normally the name. */
  readonly path: string;
}

/** A server as a document needs it. */
export interface DocumentedServer {
  readonly name: string;
  readonly info: DocumentInfo;
  /** The server wants each person to sign in. */
  readonly logins?: boolean;
  /** In the server's order, each name once. */
  readonly tools: readonly DocumentedTool[];
  /** Names of tools that others have there: every view of a document has the same operationIds. */
  readonly otherNames?: readonly string[];
  /** Which of the names is the operation that tells how to connect. */
  readonly connect?: string;
}

export interface DocumentInfo {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

export interface Reference {
  readonly $ref: string;
}

export interface Content {
  readonly 'application/json': { readonly schema: JsonSchema | Reference };
}

export interface ResponseObject {
  readonly description: string;
  readonly content: Content;
}

export interface Operation {
  readonly tags?: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly operationId: string;
  readonly requestBody: { readonly required: false; readonly content: Content };
  readonly responses: Readonly<Record<string, ResponseObject | Reference>>;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: DocumentInfo;
  readonly servers?: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components?: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
    readonly securitySchemes?: Readonly<Record<string, { readonly type: string; readonly scheme: string }>>;
  };
}
