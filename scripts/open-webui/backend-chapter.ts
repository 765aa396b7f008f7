/** The whole of Open WebUI with people who sign in to it, and latchkey that asks it about each token. */
import { pause } from '../../test/helpers/wait.ts';
import { Backend, type Member } from './backend.ts';
import { Chat, type Conversation, SERVER } from './chat.ts';
import type { Read } from './driver.ts';
import { type Built, startBuilt } from './gateway.ts';
import { Chapter, HEAD } from './report.ts';
import { connectionTo, type World } from './world.ts';

const TITLE = 'The whole of Open WebUI as a server, asked about each token; the model is scripted';
const BY = '`POST /api/chat/completions`';
/** How long an answer about a token may be old, and a little more. */
const FORGOTTEN_S = 65;

export function backendChapter(world: World): Promise<Chapter> {
  return new Chapter(TITLE, HEAD).run(async (chapter) => {
    const backend = await Backend.start(world);
    try {
      await tell(chapter, backend, world);
    } finally {
      await backend.close();
    }
  });
}

async function tell(chapter: Chapter, backend: Backend, { processes, mcpServers }: World): Promise<void> {
  const latchkey = await startBuilt(processes, 'introspection', { open_webui: { url: backend.url }, mcpServers });
  const ann = await backend.signUp('ann');
  const ben = await backend.add(ann, 'ben');
  await backend.connect(ann, connectionTo(latchkey.base, {}));
  const tools = await backend.toolServers(ben);
  chapter.row(['ben: the tools', '`GET /api/v1/tools/`'], tools.join(', '), `server:${SERVER}`);
  await new Chat(chapter, conversation(backend, ann)).connect('alice');
  await new Chat(chapter, conversation(backend, ben)).connect('bob');
  await new Chat(chapter, conversation(backend, ann)).call('notes_whoami', 'alice');
  await new Chat(chapter, conversation(backend, ben)).call('notes_whoami', 'bob');
  await backend.changePassword(ben);
  const revoked = 'ben has changed his password: the old token, when a minute has passed';
  chapter.row([revoked, 'session stamps'], await whenForgotten(latchkey, ben), /^401 /);
  const again = await backend.signIn('ben');
  await new Chat(chapter, conversation(backend, again)).call('notes_whoami', 'bob', {}, ', signed in again');
  const late = await backend.signIn('ann');
  await backend.stop();
  chapter.row(['Open WebUI is stopped: a token that is new to latchkey', ''], await whoami(latchkey, late), /^503 /);
}

function conversation(backend: Backend, member: Member): Conversation {
  const call: Conversation['call'] = async (tool, args): Promise<Read> => {
    const text = await backend.chat(member, SERVER, tool, args);
    return { text, images: [], failed: text.includes('HTTP error') };
  };
  return { user: member.name, by: BY, call };
}

/** Open WebUI would not let this token through any more, so it is tried at latchkey itself. */
async function whoami({ base }: Built, { token }: Member): Promise<string> {
  const response = await fetch(`${base}/notes/whoami`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  return `${response.status} ${await response.text()}`;
}

async function whenForgotten(latchkey: Built, member: Member): Promise<string> {
  for (let second = 0; second < FORGOTTEN_S; second += 1) {
    const answer = await whoami(latchkey, member);
    if (!answer.startsWith('200')) return answer;
    await pause(1_000);
  }
  return whoami(latchkey, member);
}
