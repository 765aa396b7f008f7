/** A gateway with servers that have one login for all, without its pages; and what the person at the machine sees. */
import { request } from 'node:http';
import type { TestContext } from 'node:test';
import type { Notice } from '../../src/commands/loopback/notices.ts';
import { SingleUserLogins } from '../../src/commands/loopback/single-user.ts';
import { DEFAULT_SESSIONS } from '../../src/config/defaults.ts';
import type { OAuthConfig, ServerConfig } from '../../src/config/model.ts';
import { Gateway } from '../../src/gateway.ts';
import { SHARED_OWNER } from '../../src/oauth/model.ts';
import { openStore } from '../../src/storage/store.ts';
import type { Server } from '../../src/upstream/server.ts';
import { type AuthorizationServer, signIn, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { configuration, serverConfig, urlEndpoint } from '../helpers/configs.ts';
import { freePort } from '../helpers/free-port.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { type ProtectedServer, startProtectedServer } from '../helpers/protected-server.ts';
import { until } from '../helpers/wait.ts';
import { oauthConfig } from '../oauth/network-site.ts';

export const PUBLIC_BASE = 'http://localhost:8000';

export interface Desk {
  readonly gateway: Gateway;
  readonly logins: SingleUserLogins;
  readonly log: MemoryLog;
  /** What was told, in order. */
  readonly notices: readonly Notice[];
  /** Where the browser was sent. */
  readonly opened: readonly URL[];
  server(name: string): Server;
  told(pattern: RegExp, name?: string): readonly Notice[];
}

export interface DeskOptions {
  readonly hasBrowser?: boolean;
  readonly hasReader?: boolean;
  readonly waitMs?: number;
  readonly home?: string;
  readonly retryMs?: number;
}

export function singleUser(name: string, { url }: ProtectedServer, oauth: Partial<OAuthConfig> = {}): ServerConfig {
  const single = oauthConfig({ multiUser: false, openBrowser: true, ...oauth });
  return serverConfig({ name, endpoint: urlEndpoint('http', url), oauth: single });
}

export async function startDesk(
  t: TestContext,
  servers: readonly ServerConfig[],
  options: DeskOptions = {},
): Promise<Desk> {
  const { hasBrowser = true, hasReader = false, ...rest } = options;
  const log = new MemoryLog();
  const notices: Notice[] = [];
  const opened: URL[] = [];
  let logins: SingleUserLogins | undefined;
  const gateway = new Gateway({
    log,
    stores: { plain: openStore('memory'), sealed: openStore('memory') },
    publicBase: PUBLIC_BASE,
    limits: DEFAULT_SESSIONS,
    onState: (server, state) => logins?.state(server, state),
  });
  await gateway.apply(configuration(...servers));
  const openBrowser = async (url: URL): Promise<void> => void opened.push(url);
  const surroundings = { hasBrowser, hasReader, typing: () => undefined, openBrowser };
  const tell = (notice: Notice): void => void notices.push(notice);
  logins = new SingleUserLogins({ gateway, publicBase: PUBLIC_BASE, log, tell, surroundings, ...rest });
  const desk = { gateway, logins, log, notices, opened };
  t.after(async () => {
    await desk.logins.close();
    await gateway.close();
  });
  return {
    ...desk,
    server: (name) => {
      const server = gateway.servers.get(name);
      if (server === undefined) throw new Error(`no server ${name}`);
      return server;
    },
    told: (pattern, name) =>
      notices.filter(({ message, server }) => pattern.test(message) && (name === undefined || server === name)),
  };
}

/** Somebody presses Connect on the page, and comes back. `tells`: whether the server hears of it at once. */
export async function connectByPage({ gateway, server }: Desk, name: string, tells = true): Promise<void> {
  const { guarded } = server(name);
  if (guarded === undefined) throw new Error(`${name} has no login`);
  const begun = await gateway.logins.begin(guarded, SHARED_OWNER, { bound: true, returnTo: '/' });
  const { searchParams: query } = await signIn(begun.url);
  const cookies = begun.cookie === undefined ? {} : { [begun.cookie.name]: begun.cookie.value };
  await gateway.logins.complete({ server: guarded, query, cookies, owner: SHARED_OWNER });
  if (tells) await gateway.loggedIn(server(name), SHARED_OWNER);
}

export function isReady({ server }: Desk, name: string): Promise<unknown> {
  return until(() => server(name).state.state === 'ready', 10_000, `${name} is ready`);
}

export interface Page {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** One request, as of a browser that was sent to this machine under some name. */
export function visit(
  port: number,
  path: string,
  options: { host?: string; method?: string; address?: string } = {},
): Promise<Page> {
  const { host = `localhost:${port}`, method = 'GET', address = '127.0.0.1' } = options;
  return new Promise((resolve, reject) => {
    const asked = request({ host: address, port, path, method, headers: { host } }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    asked.on('error', reject).end();
  });
}

export interface Town {
  readonly as: AuthorizationServer;
  readonly notes: ProtectedServer;
  readonly more: ProtectedServer;
  readonly port: number;
}

/** An authorization server, two servers that it guards, and a free port. */
export async function startTown(t: TestContext): Promise<Town> {
  const as = await startAuthorizationServer();
  t.after(() => as.close());
  const notes = await startProtectedServer({ authorization: as });
  t.after(() => notes.close());
  const more = await startProtectedServer({ authorization: as });
  t.after(() => more.close());
  return { as, notes, more, port: await freePort() };
}

/** The address number `index` that the browser was sent to. */
export async function opened(desk: Desk, index = 0): Promise<URL> {
  return until(() => desk.opened[index], 10_000, 'the browser');
}
