/** A gateway with one child, which writes down what happens to it. */
import type { TestContext } from 'node:test';
import { type RunningApp, startApp } from '../../helpers/app.ts';
import type { ChildOptions } from '../../helpers/child-server.ts';
import { ChildRecord, childEndpoint, isRunning } from '../../helpers/configs.ts';
import type { Json } from '../../helpers/mcp-session.ts';

export class ChildrenStory {
  /** Of the gateway. */
  readonly origin: string;
  readonly url: string;
  readonly record: ChildRecord;
  #app: RunningApp | undefined;

  private constructor(app: RunningApp, record: ChildRecord) {
    this.#app = app;
    this.origin = app.url;
    this.url = `${app.url}/child/mcp`;
    this.record = record;
  }

  /** `entry`: keys of its entry in the configuration. Ends with the test, if not before. */
  static async start(t: TestContext, entry: Json = {}, options: ChildOptions = {}): Promise<ChildrenStory> {
    const record = new ChildRecord();
    const { command, args } = childEndpoint({ record: record.file, ...options });
    const app = await startApp({ mcpServers: { child: { command, args, ...entry } } });
    const story = new ChildrenStory(app, record);
    t.after(async () => {
      await story.close();
      record.remove();
    });
    return story;
  }

  /** How many processes there are. */
  running(): number {
    return this.record.pids().filter(isRunning).length;
  }

  async close(): Promise<void> {
    const app = this.#app;
    this.#app = undefined;
    await app?.close();
  }
}

/** The process that has answered a call of `pid`. */
export function pidIn({ content }: Json): number {
  return Number((content as Json[])[0]?.text);
}
