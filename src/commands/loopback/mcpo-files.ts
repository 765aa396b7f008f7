/** Reads what mcpo has left of a server in the home folder; never writes there. */
import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { mcpoTokenFile } from '../../config/oauth.ts';
import { type McpoLogin, readMcpoLogin } from '../../oauth/mcpo.ts';

const MOST_BYTES = 64 * 1024;
/** Permissions of the group and of everybody to write. */
const OTHERS_WRITE = 0o022;

interface OwnFile {
  readonly text: string;
  /** In milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** The login of mcpo at the server `name`; undefined: none, or none that can be used. Never rejects. */
export async function findMcpoLogin(name: string, home: string): Promise<McpoLogin | undefined> {
  const path = mcpoTokenFile(name, home);
  const tokens = await readOwn(path);
  if (tokens === undefined) return undefined;
  const client = await readOwn(path.replace(/_tokens\.json$/, '_client.json'));
  if (client === undefined) return undefined;
  return readMcpoLogin(tokens.text, client.text, tokens.modifiedAt, Date.now());
}

/** A plain file, not long, that nobody but its owner can have written, and the owner is who runs us. */
async function readOwn(path: string): Promise<OwnFile | undefined> {
  try {
    // Not to wait for somebody to write into a pipe of that name.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size > MOST_BYTES || !isOurs(stats)) return undefined;
      return { text: await file.readFile('utf8'), modifiedAt: stats.mtimeMs };
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** On Windows there is nothing to compare: the home folder is closed to others there. */
function isOurs({ uid, mode }: Stats): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & OTHERS_WRITE) === 0);
}
