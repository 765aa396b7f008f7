/** Callers known by the header that Open WebUI signs, behind one API key for all of them. */
import { Chat, CONNECT, conversation, failedWith, NOTES_OF_ALICE, offered, SUMS } from './chat.ts';
import { type Chatter, Driver } from './driver.ts';
import { startBuilt } from './gateway.ts';
import { Chapter, HEAD } from './report.ts';
import { connectionTo, newSecret, type World } from './world.ts';

const TITLE = 'One API key for Open WebUI, and its users by X-OpenWebUI-User-Jwt, verified with user_jwt_secret';
const WHOAMI = 'notes_whoami';

export function headerChapter(world: World): Promise<Chapter> {
  return new Chapter(TITLE, HEAD).run(async (chapter) => {
    const user_jwt_secret = newSecret();
    const key = newSecret();
    const config = { open_webui: { user_jwt_secret }, mcpServers: world.mcpServers };
    const { base } = await startBuilt(world.processes, 'header', config, ['--api-key', key]);
    const start = async (name: string, env: Readonly<Record<string, string>>): Promise<Driver> => {
      const own = { WEBUI_SECRET_KEY: newSecret(), ...env };
      const driver = await Driver.start(world.processes, world.installed, name, own);
      await driver.connect([connectionTo(base, { auth_type: 'bearer', key })]);
      return driver;
    };
    // Nothing of it goes to latchkey where the key of the connection does.
    const ann: Chatter = { user: 'ann', token: 'unused' };
    const signing = await start('signing-webui', signedBy(user_jwt_secret));
    const chat = new Chat(chapter, conversation(signing, ann));
    await offered(signing, chapter, ann, [CONNECT, ...SUMS]);
    await chat.connect('alice');
    await offered(signing, chapter, ann, [...NOTES_OF_ALICE, CONNECT, ...SUMS]);
    await chat.call(WHOAMI, 'alice');
    const foreign = new Chat(chapter, conversation(await start('other-webui', signedBy(newSecret())), ann));
    await foreign.call(WHOAMI, failedWith('401: .*user_jwt_secret'), {}, ', the header signed with another secret');
    const silent = new Chat(chapter, conversation(await start('silent-webui', {}), ann));
    await silent.call(WHOAMI, failedWith('401: .*identity_required'), {}, ', where nothing is forwarded');
  });
}

function signedBy(secret: string): Readonly<Record<string, string>> {
  return { ENABLE_FORWARD_USER_INFO_HEADERS: 'true', FORWARD_USER_INFO_HEADER_JWT_SECRET: secret };
}
