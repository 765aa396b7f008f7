/** Which of our variables a child must not see, because somebody else's secret is in them. */

/** The variables that are used through `${VAR}`, and by whom. */
export interface VariableUse {
  readonly gateway: ReadonlySet<string>;
  readonly servers: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Programs need these to run at all, and they hold no secrets: `${HOME}` in one entry must not break all others. */
const EVERYBODYS = new Set(
  'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TERM PWD TMPDIR TEMP TMP SYSTEMROOT APPDATA USERPROFILE'.split(' '),
);

/** Variables that another entry, or the gateway itself, uses and this one does not. */
export function withheldFrom(server: string, use: VariableUse): string[] {
  const own = use.servers.get(server);
  const others = [...use.servers].filter(([name]) => name !== server).flatMap(([, names]) => [...names]);
  const withheld = new Set([...use.gateway, ...others].filter((name) => !own?.has(name) && !EVERYBODYS.has(name)));
  return [...withheld].sort();
}
