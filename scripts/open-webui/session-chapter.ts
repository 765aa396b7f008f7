/** Callers known by their session tokens: from nobody connected to two people with an account each, and those turned away. */
import {
  Chat,
  CONNECT,
  conversation,
  failedWith,
  follow,
  HAS_LINK,
  linkIn,
  NOTES_OF_ALICE,
  offered,
  REFUSED,
  SUMS,
} from './chat.ts';
import { type Chatter, type Connection, Driver } from './driver.ts';
import { startBuilt } from './gateway.ts';
import { Chapter, HEAD } from './report.ts';
import { connectionTo, newSecret, type World } from './world.ts';

const TITLE = 'Users by their session tokens, verified with webui_secret_key; one connection with the document_key';
export function sessionChapter(world: World): Promise<Chapter> {
  return new Chapter(TITLE, HEAD).run(async (chapter) => {
    const webui_secret_key = newSecret();
    const document_key = newSecret().replace(/\W/g, '-');
    const { mcpServers } = world;
    const { base } = await startBuilt(world.processes, 'session', { webui_secret_key, document_key, mcpServers });
    const driver = await openWebui(world, 'session-webui', webui_secret_key);
    const connection = connectionTo(base, { path: `openapi.json?key=${document_key}` });
    await driver.connect([connection]);
    await firstDocument(chapter, driver, connection);
    await twoPeople(chapter, driver);
    await stolenLink(chapter, driver);
    await turnedAway(chapter, driver, await openWebui(world, 'foreign-webui', newSecret()));
  });
}

function openWebui(world: World, name: string, secret: string): Promise<Driver> {
  return Driver.start(world.processes, world.installed, name, { WEBUI_SECRET_KEY: secret });
}

async function firstDocument(chapter: Chapter, driver: Driver, connection: Connection): Promise<void> {
  const [fetched] = await driver.documents([connection]);
  const names = fetched?.specs.map(({ name }) => name) ?? [];
  const cells = ['the document, before anybody has connected', '`get_tool_servers_data`'];
  chapter.row(cells, names.join(', '), [CONNECT, ...SUMS].join(', '));
}

function claims(user: string): { id: string; typ: string } {
  return { id: user, typ: 'session' };
}

async function member(driver: Driver, user: string): Promise<Chatter> {
  return { user, token: await driver.sign(claims(user)) };
}

async function twoPeople(chapter: Chapter, driver: Driver): Promise<void> {
  const [ann, ben] = [await member(driver, 'ann'), await member(driver, 'ben')];
  const anns = new Chat(chapter, conversation(driver, ann));
  const bens = new Chat(chapter, conversation(driver, ben));
  await anns.connect('alice');
  await offered(driver, chapter, ann, [...NOTES_OF_ALICE, CONNECT, ...SUMS]);
  await anns.call('notes_whoami', 'alice');
  await anns.call('notes_add_note', 'You have 1 notes', { text: 'milk', unknown: 'left out' });
  await bens.call('notes_whoami', REFUSED);
  await bens.connect('bob');
  await bens.call('notes_whoami', 'bob');
  await bens.call('notes_list_notes', '{ "results": [] }');
  await anns.call('notes_list_notes', '{ "results": [ "milk" ] }');
  await bens.call('sums_add', '5', { a: 2, b: 3 });
  await bens.call('sums_picture', / \(with 1 image\)$/);
}

/** Whoever opens somebody else's link gives nothing away by it. */
async function stolenLink(chapter: Chapter, driver: Driver): Promise<void> {
  const eve = new Chat(chapter, conversation(driver, await member(driver, 'eve')));
  const link = linkIn(await eve.call(CONNECT, HAS_LINK));
  await follow(chapter, link, "ben opens eve's link", 'bob');
  await eve.call('notes_whoami', REFUSED);
  await eve.call(CONNECT, failedWith('400: .*code_rejected'), { code: '00000-00000' }, ' with a guessed code');
}

async function turnedAway(chapter: Chapter, driver: Driver, foreign: Driver): Promise<void> {
  const tokens = [
    ['a token that has expired', await driver.sign(claims('ann'), -10), 'has expired.*[Ss]ign in'],
    ['a token of another Open WebUI', await foreign.sign(claims('ann')), 'webui_secret_key'],
    ['an API key of Open WebUI', `sk-${'0123456789abcdef'.repeat(2)}`, 'API key of Open WebUI'],
  ] as const;
  for (const [what, token, remedy] of tokens) {
    const anns = new Chat(chapter, conversation(driver, { user: 'ann', token }));
    await anns.call('notes_whoami', failedWith(`401: .*${remedy}`), {}, `, with ${what}`);
  }
}
