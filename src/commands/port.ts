/** Which port we listen on, where the settings leave it to the system. */
import { createServer } from 'node:net';
import type { Settings } from '../settings.ts';

/** With port 0 the system chooses; it must be known before anything names our address. */
export async function withKnownPort(settings: Settings): Promise<Settings> {
  if (settings.port !== 0) return settings;
  const port = await freePort(settings.host);
  if (settings.publicUrlGiven) return { ...settings, port };
  const url = new URL(settings.publicUrl);
  url.port = String(port);
  return { ...settings, port, publicUrl: url };
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
