/** Contenders that serve documents: latchkey in its different roles, each against static files of the same bytes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAuthorizationServer } from '../test/helpers/authorization-server.ts';
import { bearer, WEBUI_SECRET } from '../test/helpers/open-webui-users.ts';
import { startProtectedServer } from '../test/helpers/protected-server.ts';
import { Browser, signIn } from '../test/helpers/sign-in.ts';
import { type Address, caller, startGateway, startLatchkey, startProgram, startUpstream } from './contenders.ts';
import { type Contender, ready } from './measure.ts';
import type { Processes } from './processes.ts';

type Headers = Readonly<Record<string, string>>;

/** Beside the one where each person signs in. */
const SHARED_SERVERS = 5;
const START_MS = 15_000;

/** One server with a thousand tools. */
export async function startLarge(processes: Processes, nodeArgs: readonly string[]): Promise<readonly Contender[]> {
  const upstream = await startUpstream(processes);
  const entry = { type: 'streamable-http', url: `${upstream.origin}/many` };
  const latchkey = await startLatchkey(processes, entry, nodeArgs);
  await ready(caller('latchkey', latchkey), () => processes.tail(latchkey.pid));
  return against(processes, latchkey, {}, await read(latchkey, {}));
}

/** All servers, for a caller without a credential: how Open WebUI asks, for all its users. */
export async function startAnonymous(processes: Processes, nodeArgs: readonly string[]): Promise<readonly Contender[]> {
  return startWithPerson(processes, nodeArgs, () => ({}));
}

/** All servers, for somebody who has connected their own account. */
export async function startPersonal(processes: Processes, nodeArgs: readonly string[]): Promise<readonly Contender[]> {
  return startWithPerson(processes, nodeArgs, (person) => person);
}

async function startWithPerson(
  processes: Processes,
  nodeArgs: readonly string[],
  headersOf: (person: Headers) => Headers,
): Promise<readonly Contender[]> {
  const upstream = await startUpstream(processes);
  const authorization = await startAuthorizationServer();
  const notes = await startProtectedServer({ authorization });
  processes.onClose(async () => {
    await notes.close();
    await authorization.close();
  });
  const shared = Array.from({ length: SHARED_SERVERS }, (_, at) => [
    `server${at}`,
    { type: 'streamable-http', url: `${upstream.origin}/some` },
  ]);
  const servers = {
    ...Object.fromEntries(shared),
    notes: { type: 'streamable-http', url: notes.url.href, oauth: true },
  };
  const latchkey = await startGateway(processes, servers, { webui_secret_key: WEBUI_SECRET }, nodeArgs);
  const person = await bearer('somebody');
  await ready({ name: 'latchkey', pid: latchkey.pid, target: health(latchkey) }, () => processes.tail(latchkey.pid));
  await connect(latchkey, person);
  return against(processes, latchkey, headersOf(person), await readWith(latchkey, headersOf(person), '/notes/whoami'));
}

/** The login of a person, as a browser does it; the token says whose it is. */
async function connect({ origin }: Address, headers: Headers): Promise<void> {
  const browser = new Browser();
  const home = new URL(origin);
  // Pages are at the public address alone.
  home.hostname = 'localhost';
  const begun = await browser.fetch(new URL('/oauth/notes/authorize', home), { headers });
  const callback = await signIn(begun.headers.get('location') ?? '', { browser });
  const { status } = await browser.fetch(callback, { headers });
  if (status !== 303) throw new Error(`the login ended with ${status}`);
}

/** The document, once it has the operation at `path`. */
async function readWith(address: Address, headers: Headers, path: string): Promise<string> {
  for (const deadline = Date.now() + START_MS; ; ) {
    const text = await read(address, headers);
    if (text.includes(`"${path}"`)) return text;
    if (Date.now() > deadline) throw new Error(`${path} is not in the document`);
  }
}

async function read({ origin }: Address, headers: Headers): Promise<string> {
  const response = await fetch(`${origin}/openapi.json`, { headers });
  return response.text();
}

function health({ origin }: Address): Contender['target'] {
  return { url: `${origin}/healthz`, headers: {}, expected: '{"status":"ok"}' };
}

async function against(
  processes: Processes,
  latchkey: Address,
  headers: Headers,
  expected: string,
): Promise<readonly Contender[]> {
  const file = join(processes.folder, 'openapi.json');
  writeFileSync(file, expected);
  const inMemory = await startProgram(processes, 'static-file', file, 'memory');
  const fromDisk = await startProgram(processes, 'static-file', file, 'disk');
  const reader = (name: string, { pid, origin }: Address): Contender => {
    return { name, pid, target: { url: `${origin}/openapi.json`, headers, expected } };
  };
  return [
    reader('latchkey', latchkey),
    reader('bare static file, from memory', inMemory),
    reader('static file, read each time', fromDisk),
  ];
}
