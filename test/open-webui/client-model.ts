/** What the model of Open WebUI's client speaks of: connections, people, converted tools, and what comes of a call. */
import type { JsonRecord } from '../../src/schema/json-schema.ts';

/** A tool server connection as an admin (or, for a direct one, a user) enters it. */
export interface Connection {
  readonly url: string;
  /** Of the document: joined to `url`, or a whole URL. */
  readonly path: string;
  readonly authType: 'none' | 'bearer' | 'session';
  /** For `bearer`. */
  readonly key?: string;
  /** Headers of the admin, sent on calls only. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly forwardCookies?: boolean;
  /** `ENABLE_FORWARD_USER_INFO_HEADERS`; `signed` with `FORWARD_USER_INFO_HEADER_JWT_SECRET` besides. */
  readonly userInfo?: 'plain' | 'signed';
}

/** Somebody who chats. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: string;
  /** The session token; an API key (`sk-...`) where the chat itself came in with one. */
  readonly token?: string;
  /** What a signed header of this person holds. */
  readonly userJwt?: string;
  /** All cookies of the person at Open WebUI. */
  readonly cookies?: string;
}

/** A tool as the model provider gets it. */
export interface ConvertedTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonRecord;
}

/** What becomes of a call in the chat. */
export interface Outcome {
  /** What the model reads. */
  readonly text: string;
  /** Data URIs that the model gets as images. */
  readonly images: readonly string[];
  /** Data URIs that become hidden files. */
  readonly files: readonly string[];
  /** The answer is run as a page inside the chat. */
  readonly isEmbed: boolean;
  /** The chat marks the call as failed. */
  readonly isFailure: boolean;
}

/** One row of `paths`, with the operation that carries the tool's name. */
export interface NamedOperation {
  readonly path: string;
  /** In capitals. */
  readonly method: string;
  readonly operation: JsonRecord;
  /** Of the path and of the operation; the operation's own win by name and place. */
  readonly parameters: readonly JsonRecord[];
}
