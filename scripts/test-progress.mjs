/** A reporter of Node's test runner: a line when a test begins, and one when it has ended, for whoever has to end the process. */

// biome-ignore lint/style/noDefaultExport: where Node looks for a reporter
export default async function* progress(source) {
  for await (const { type, data } of source) {
    if (type === 'test:dequeue') yield `begins ${data.name}\n`;
    if (type === 'test:pass' || type === 'test:fail') yield `ends ${data.name}\n`;
  }
}

/** The tests, outermost first, that were under way when `text` was written; undefined: none had begun. */
export function underWay(text) {
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length === 0) return undefined;
  const names = [];
  for (const line of lines) {
    if (line.startsWith('begins ')) names.push(line.slice('begins '.length));
    else names.splice(names.lastIndexOf(line.slice('ends '.length)), 1);
  }
  return names;
}
