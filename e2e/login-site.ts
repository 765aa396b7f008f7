/** A gateway whose server wants logins, that server, and the provider where people have their accounts. */
import type { TestContext } from 'node:test';
import type { AppSetup, RunningApp } from '../test/helpers/app.ts';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../test/helpers/authorization-server.ts';
import { HttpServer } from '../test/helpers/http-server.ts';
import { type ProtectedServer, startProtectedServer } from '../test/helpers/protected-server.ts';
import { startFor } from '../test/http/start-for.ts';

export interface LoginSite {
  readonly app: RunningApp;
  readonly provider: AuthorizationServer;
  readonly notes: ProtectedServer;
  /** The public origin: `localhost`, while the provider is at `127.0.0.1`, so that each has its own cookies. */
  readonly home: string;
}

export interface LoginSiteOptions extends Pick<AppSetup, 'keys' | 'argv' | 'mcpServers'> {
  readonly provider?: AuthorizationServerOptions;
  /** Other names for the same server, each with logins of its own; default: `notes` alone. */
  readonly names?: readonly string[];
  /** The `oauth` key of each; default: true. */
  readonly oauth?: object;
}

export async function startLoginSite(t: TestContext, options: LoginSiteOptions = {}): Promise<LoginSite> {
  const { names = ['notes'], oauth = true, mcpServers = {}, provider: providerOptions, ...setup } = options;
  const provider = await startAuthorizationServer(providerOptions);
  t.after(() => provider.close());
  const notes = await startProtectedServer({ authorization: provider });
  t.after(() => notes.close());
  const entry = { type: 'streamable-http', url: notes.url.href, oauth };
  const servers = Object.fromEntries(names.map((name) => [name, entry]));
  const app = await startFor(t, { ...setup, mcpServers: { ...servers, ...mcpServers } });
  return { app, provider, notes, home: app.settings.publicUrl.origin };
}

/** The entry of a server for this test that wants no login. */
export async function toolsFor(t: TestContext): Promise<{ readonly type: string; readonly url: string }> {
  const tools = await HttpServer.start();
  t.after(() => tools.stop());
  return { type: 'streamable-http', url: tools.url.href };
}
