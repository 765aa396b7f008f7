/** A stdio server of the newer SDK as a process of its own; its first argument says what becomes of older clients. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { modernServer } from './modern-sdk-server.ts';

serveStdio(
  () =>
    modernServer({
      change: (server, what) => {
        if (what === 'tools') void server.sendToolListChanged();
        else void server.sendResourceUpdated({ uri: what });
      },
    }),
  { legacy: process.argv[2] === 'reject' ? 'reject' : 'serve' },
);
