/** What all chapters share: Open WebUI, a provider with its notes server, and a server that needs no login. */
import { randomBytes } from 'node:crypto';
import { type AuthorizationServer, startAuthorizationServer } from '../../test/helpers/authorization-server.ts';
import { startProtectedServer } from '../../test/helpers/protected-server.ts';
import type { Connection, Json } from './driver.ts';
import type { Installed } from './install.ts';
import { Processes } from './processes.ts';
import { startToolServer } from './tool-server.ts';

export interface World {
  readonly installed: Installed;
  readonly processes: Processes;
  readonly provider: AuthorizationServer;
  /** `notes`, which everybody signs in to, and `sums`, which everybody shares. */
  readonly mcpServers: Json;
  close(): Promise<void>;
}

export async function openWorld(installed: Installed): Promise<World> {
  const processes = new Processes();
  const provider = await startAuthorizationServer();
  const notes = await startProtectedServer({ authorization: provider });
  const sums = await startToolServer([ADD, PICTURE]);
  return {
    installed,
    processes,
    provider,
    mcpServers: { notes: { type: 'streamable-http', url: notes.url.href, oauth: true }, sums: sums.entry },
    close: async () => {
      await processes.close();
      await Promise.all([sums.close(), notes.close(), provider.close()]);
    },
  };
}

/** A secret for one run. */
export function newSecret(): string {
  return randomBytes(24).toString('base64');
}

/** As an admin fills in the form; everybody may use it. */
export function connectionTo(url: string, more: Json): Connection {
  const everybody = { principal_type: 'user', principal_id: '*', permission: 'read' };
  return {
    type: 'openapi',
    url,
    path: 'openapi.json',
    auth_type: 'session',
    key: '',
    config: { enable: true, function_name_filter_list: '', access_grants: [everybody] },
    info: { id: 'latchkey', name: 'latchkey', description: 'MCP servers' },
    ...more,
  };
}

const NUMBER = { type: 'number' };
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const ADD = {
  name: 'add',
  description: 'Adds two numbers',
  inputSchema: { type: 'object', properties: { a: NUMBER, b: NUMBER }, required: ['a', 'b'] },
  content: ({ a, b }: Json) => [{ type: 'text', text: String(Number(a) + Number(b)) }],
};

const PICTURE = {
  name: 'picture',
  description: 'Draws one dot',
  inputSchema: { type: 'object', properties: {} },
  content: () => [{ type: 'image', mimeType: 'image/png', data: PIXEL }],
};
