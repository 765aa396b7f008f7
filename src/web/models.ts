/** What the pages show, as plain data. Addresses are as the browser needs them, root path included, unless said. */
import type { Gateway } from '../gateway.ts';
import type { ConnectionStatus } from '../oauth/model.ts';
import { DEFAULT_DESCRIPTION, DEFAULT_NAME } from '../settings.ts';
import type { Server } from '../upstream/server.ts';
import {
  type ConnectionState,
  connectionHint,
  connectionState,
  connectionWords,
  durationWords,
} from './connection-words.ts';
import type { McpModel } from './mcp-snippets.ts';
import type { SessionAddresses } from './session-addresses.ts';
import { counted, type MomentWords } from './time-words.ts';
import type { TokensModel } from './token-models.ts';

/** Who is at the browser. */
export interface PersonModel {
  /** 'alice', or 'this browser'. */
  readonly label: string;
  readonly kind: 'visitor' | 'signed-in';
  /** Goes into each form of the page as `_csrf`. */
  readonly csrf: string;
  /** Takes a POST with `_csrf`. */
  readonly logoutUrl: string;
  /** Nothing here is anybody's own, so the page does not speak of it. */
  readonly isQuiet?: boolean;
}

/** Whom Open WebUI says the browser to be, who is not signed in here. */
export interface OfferModel {
  /** The user, so that nobody else is meant by the time it is sent. */
  readonly id: string;
  readonly label: string;
  /** Takes a POST with `_csrf`, `next` and `open_webui`. */
  readonly action: string;
  readonly csrf: string;
  readonly next: string;
}

/** What the frame around every page shows. */
export interface PageModel {
  /** Also the title of the window. */
  readonly heading: string;
  readonly rootPath: string;
  readonly person?: PersonModel;
  /** Where one may sign in and has not. */
  readonly loginUrl?: string;
  /** Whom one may go on as. */
  readonly offer?: OfferModel;
}

/** A server that wants a login, as the person at the browser sees it. */
export interface ConnectionModel {
  /** `sign-in-first`: nobody is known yet whose connection it could be. */
  readonly state: ConnectionState;
  readonly words: string;
  /** What connecting means, or why to connect again; where there is something to say. */
  readonly hint?: string;
  /** True where nothing goes on without the person. */
  readonly needsPerson: boolean;
  /** How long the sign-in lasts, followed by `expires` where that is given; only when connected. */
  readonly lasts?: string;
  readonly expires?: MomentWords;
  readonly scope?: string;
  /** Rights that a call wanted and that a new login would ask for. */
  readonly wantedScope?: string;
  /** Number of tools that this person has there, where it is known. */
  readonly tools?: number | undefined;
  readonly connectUrl: string;
  /** True where the way to it is a chat, and `connectUrl` leads nowhere. */
  readonly inChat: boolean;
  /** Takes a POST with `_csrf`; absent where there is nothing to disconnect, or not by this person. */
  readonly disconnectUrl?: string | undefined;
  /** Single-user: one login serves all callers. */
  readonly shared: boolean;
}

export interface ServerModel {
  readonly name: string;
  /**
   * `personal`: each person has a connection of their own; `needs-login`: the one login for all is missing; `idle`: it
   * starts when it is needed.
   */
  readonly state: 'idle' | 'connecting' | 'ready' | 'failed' | 'closed' | 'personal' | 'needs-login';
  /** The state in words. */
  readonly words: string;
  readonly tools: number | null;
  /** Relative to the gateway's root, prefix included. */
  readonly path: string;
  /** Why it failed; only for those who may know. */
  readonly reason: string | undefined;
  readonly connection?: ConnectionModel;
}

/** Something that has just happened, told once. */
export interface NoticeModel {
  readonly kind: 'done' | 'info' | 'problem';
  readonly text: string;
}

/** How an admin adds the gateway to Open WebUI. */
export interface OpenWebuiPanel {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly path: string;
  /** The kind of authentication, in the words of its dialog. */
  readonly auth: string;
  /** The same as a list for `TOOL_SERVER_CONNECTIONS`. */
  readonly json: string;
  /** A sentence each. */
  readonly hints: readonly string[];
}

export interface HomeModel extends PageModel {
  readonly description: string;
  readonly publicUrl: string;
  readonly single: boolean;
  /** With the addresses of sessions where callers know them. */
  readonly servers: readonly (ServerModel & Partial<SessionAddresses> & { readonly mcp: McpModel })[];
  /** All servers at one address; absent where there is one server alone. */
  readonly allServers?: McpModel | undefined;
  readonly warnings: readonly string[];
  /** False where the page to sign in has no form, so that a way there ends. */
  readonly hasLoginForm?: boolean;
  readonly notices?: readonly NoticeModel[];
  /** Only for a person with an account. */
  readonly access?: TokensModel | undefined;
  /** Only for admins. */
  readonly openWebui?: OpenWebuiPanel | undefined;
}

export interface DocsModel extends PageModel {
  /** Where a login is needed before there is more to try. */
  readonly connect?: { readonly words: string; readonly url: string } | undefined;
  /** Address of the document to show. */
  readonly documentUrl: string;
  readonly isRootDocs: boolean;
}

/** Forms that POST `_csrf` and `next` with either `key`, or `username` and `password`. */
export interface LoginModel extends PageModel {
  readonly action: string;
  readonly csrf: string;
  /** The local path to go on to, checked. */
  readonly next: string;
  readonly asksKey: boolean;
  readonly asksAccount: boolean;
  /** People who are signed in to Open WebUI in this browser may go on as that user. */
  readonly readsOpenWebuiCookie?: boolean;
  /** Why the last try failed. */
  readonly problem?: string;
}

/** Something is done, and the browser goes on by itself; the link is for those that do not. */
export interface OnwardModel extends PageModel {
  readonly nextUrl: string;
}

export interface FailureModel extends PageModel {
  /** A few words; the heading of the page. */
  readonly title: string;
  readonly what: string;
  readonly remedy: string;
  readonly code: string;
  readonly requestId: string;
  /** The provider's own words, shown as theirs. */
  readonly provider?: { readonly error: string; readonly description?: string };
  /** Where the same may be tried again, by GET. */
  readonly retryUrl?: string;
  readonly backUrl: string;
}

/** What a page needs to know of a connection besides its status. */
export interface ConnectionFacts {
  /** By GET: it leads away to the provider, which a form may not (CSP `form-action`). */
  readonly connectUrl: string;
  readonly disconnectUrl?: string | undefined;
  readonly shared: boolean;
  readonly tools?: number | undefined;
  /** The sign-in is good, but the server does not answer. */
  readonly isDown?: boolean;
  /** Nobody can sign in on these pages: people are known by their chat alone. */
  readonly isFromChat?: boolean;
}

const FROM_CHAT = {
  words: 'Connect it from your chat',
  hint: 'Ask for one of its tools in Open WebUI: the answer has a link for you.',
};
const DOWN = 'Connected; the server does not answer right now';

/** The document's default name tells people nothing; one that the operator gave is shown. */
export function gatewayName(name: string): string {
  return name === DEFAULT_NAME ? 'latchkey' : name;
}

export function gatewayDescription(description: string): string {
  if (description !== DEFAULT_DESCRIPTION) return description;
  return 'MCP servers, as they are and as plain REST. Give a client an address, or try the tools here.';
}

/**
 * One connection as a page shows it. `status` is undefined where nobody is known yet whose connection it could be;
 * `now` in milliseconds since 1970.
 */
export function connectionModel(
  status: ConnectionStatus | undefined,
  facts: ConnectionFacts,
  now: number,
): ConnectionModel {
  const state = connectionState(status, now);
  const live = state === 'connected' ? status : undefined;
  const wantsMore = live?.wantedScope !== undefined;
  const inChat = state === 'sign-in-first' && facts.isFromChat === true;
  const hint = inChat ? FROM_CHAT.hint : connectionHint(state, wantsMore, facts.shared);
  const plain = inChat ? FROM_CHAT.words : connectionWords(state, wantsMore, facts.shared);
  return {
    state,
    words: live !== undefined && facts.isDown === true ? DOWN : plain,
    inChat,
    ...(hint === undefined ? {} : { hint }),
    needsPerson: state !== 'connected' || wantsMore,
    connectUrl: facts.connectUrl,
    disconnectUrl: facts.disconnectUrl,
    shared: facts.shared,
    tools: facts.tools,
    ...(live === undefined ? {} : durationWords(live, now)),
    ...(live?.scope === undefined ? {} : { scope: live.scope }),
    ...(live?.wantedScope === undefined ? {} : { wantedScope: live.wantedScope }),
  };
}

/** `connection` where the server wants a login; on a server with a connection for each person, its words are the state. */
export function serverModel(
  server: Server,
  pathPrefix: string,
  mayKnowReasons: boolean,
  connection?: ConnectionModel,
): ServerModel {
  const { state } = server;
  const isPersonal = state.state === 'personal' || connection?.shared === false;
  const tools = (isPersonal ? connection?.tools : server.catalog?.tools.length) ?? null;
  return {
    name: server.name,
    state: state.state,
    words: stateWords(state.state, tools, server.isOnDemand, connection),
    tools,
    path: `${pathPrefix}${encodeURI(server.name)}`,
    reason: mayKnowReasons && state.state === 'failed' ? state.reason : undefined,
    ...(connection === undefined ? {} : { connection }),
  };
}

/** Those that wait for the person first, each group in the order of the configuration. `connections` by server name. */
export function serverModels(
  gateway: Pick<Gateway, 'servers'>,
  pathPrefix: string,
  mayKnowReasons: boolean,
  connections: ReadonlyMap<string, ConnectionModel> = new Map(),
): ServerModel[] {
  const servers = [...gateway.servers.values()].map((server) =>
    serverModel(server, pathPrefix, mayKnowReasons, connections.get(server.name)),
  );
  const waits = ({ connection, state }: ServerModel) => connection?.needsPerson ?? state === 'needs-login';
  return [...servers.filter(waits), ...servers.filter((server) => !waits(server))];
}

function stateWords(
  state: ServerModel['state'],
  tools: number | null,
  isOnDemand: boolean,
  connection?: ConnectionModel,
): string {
  // What a person has to do comes before what the server does.
  if (connection?.needsPerson) return connection.words;
  const count = tools === null ? undefined : counted(tools, 'tool');
  switch (state) {
    case 'ready':
      return withCount('Ready', count);
    case 'personal':
      return withCount(connection?.words ?? 'Each person connects their own account', count);
    case 'needs-login':
      return connection?.words ?? 'Waiting for a login';
    case 'idle':
      return withCount('Starts when it is needed', count);
    case 'connecting':
      return count === undefined ? 'Connecting' : `Connecting, ${count} known`;
    default: {
      const known = count === undefined ? '' : `, ${count} known`;
      return `Not available${known}; ${isOnDemand ? 'tried again when it is needed' : 'latchkey keeps trying'}`;
    }
  }
}

function withCount(words: string, count: string | undefined): string {
  return count === undefined ? words : `${words}, ${count}`;
}
