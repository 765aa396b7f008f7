/** A process that owns a link to a child, for tests of what is left when it ends; argv: how, and the child's options. */
import { Link } from '../../src/upstream/link.ts';
import type { ChildOptions } from '../helpers/child-server.ts';
import { childEndpoint, serverConfig } from '../helpers/configs.ts';
import { MemoryLog } from '../helpers/memory-log.ts';
import { until } from '../helpers/wait.ts';

const [how, options] = process.argv.slice(2);
const endpoint = childEndpoint(JSON.parse(options ?? '{}') as ChildOptions);
const link = new Link({ config: () => serverConfig({ endpoint }), log: new MemoryLog(), life: 'always' });

const ENDINGS: Readonly<Record<string, () => void>> = {
  exception: () => {
    setImmediate(() => {
      throw new Error('on purpose');
    });
  },
  rejection: () => void Promise.reject(new Error('on purpose')),
  exit: () => process.exit(0),
};

// What a process does that means well: it closes, and then it ends.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void link.close().then(() => process.exit(0)));
}

link.start();
await until(() => link.state.state === 'ready', 15_000);
process.stdout.write('ready\n');
ENDINGS[how ?? '']?.();
