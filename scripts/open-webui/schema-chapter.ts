/** One server with every kind of schema: what the model is offered of it after Open WebUI's conversion. */
import { SERVER } from './chat.ts';
import { Driver } from './driver.ts';
import { startBuilt } from './gateway.ts';
import { KINDS, type Kind, missing, unsound } from './kinds.ts';
import { Chapter } from './report.ts';
import { startToolServer } from './tool-server.ts';
import { connectionTo, newSecret, type World } from './world.ts';

export function schemaChapter(world: World): Promise<Chapter> {
  const title = 'Schemas, after convert_openapi_to_tool_payload and clean_openai_tool_schema';
  return new Chapter(title, ['argument', 'the server says', 'the model is offered']).run(async (chapter) => {
    const server = await startToolServer(KINDS.map(({ tool }) => tool));
    try {
      const mcpServers = { kinds: server.entry };
      const { base } = await startBuilt(world.processes, 'kinds', { mcpServers });
      const driver = await Driver.start(world.processes, world.installed, 'kinds-webui', {
        WEBUI_SECRET_KEY: newSecret(),
      });
      await driver.connect([connectionTo(base, {})]);
      const chatter = { user: 'alice', token: 'none' };
      const tools = new Map(
        (await driver.tools(SERVER, chatter)).map((tool) => [tool.name, tool.parameters.properties.x]),
      );
      for (const kind of KINDS) compare(chapter, kind, tools.get(`kinds_${kind.tool.name}`));
    } finally {
      await server.close();
    }
  });
}

function compare(chapter: Chapter, { tool, said, offered }: Kind, actual: unknown): void {
  const wrong = unsound(actual) ?? missing(offered, actual);
  const problem = wrong === undefined ? '' : ` WRONG: ${wrong}`;
  const cells = [tool.name.replaceAll('_', ' '), `\`${JSON.stringify(said)}\``];
  chapter.row(cells, `${JSON.stringify(actual, untitled)}${problem}`, /^(?!.*WRONG)/);
}

/** Titles stand everywhere, and say what the names say. */
function untitled(name: string, value: unknown): unknown {
  return name === 'title' ? undefined : value;
}
