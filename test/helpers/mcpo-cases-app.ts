/** Starts the gateway over servers of `mcpo-cases.ts` and reads its answers in the short form of the tables. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type AppSetup, type RunningApp, startApp } from './app.ts';

const SERVER = join(import.meta.dirname, 'mcpo-cases-server.ts');

/** What a server of that set is started with. */
export function caseCommand(set: string): readonly string[] {
  return [process.execPath, '--import', 'tsx', SERVER, set];
}

/** The gateway over one server for each set, under the set's name. */
export function startCases(sets: readonly string[], setup: Omit<AppSetup, 'mcpServers'> = {}): Promise<RunningApp> {
  const entries = sets.map((set) => {
    const [command, ...args] = caseCommand(set);
    return [set, { command, args }];
  });
  return startApp({ ...setup, mcpServers: Object.fromEntries(entries) });
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export async function ask(app: RunningApp, path: string, body?: unknown, headers = {}): Promise<Answer> {
  const response = await app.post(path, body, headers);
  return { status: response.status, body: JSON.parse(await response.text()) };
}

/** What pydantic says to each type of fault. */
const MESSAGES: Readonly<Record<string, string>> = {
  missing: 'Field required',
  string_type: 'Input should be a valid string',
  int_type: 'Input should be a valid integer',
  int_parsing: 'Input should be a valid integer, unable to parse string as an integer',
  int_from_float: 'Input should be a valid integer, got a number with a fractional part',
  float_type: 'Input should be a valid number',
  float_parsing: 'Input should be a valid number, unable to parse string as a number',
  bool_type: 'Input should be a valid boolean',
  bool_parsing: 'Input should be a valid boolean, unable to interpret input',
  list_type: 'Input should be a valid list',
  dict_type: 'Input should be a valid dictionary',
  none_required: 'Input should be None',
  model_attributes_type: 'Input should be a valid dictionary or object to extract fields from',
};

/** `[tool, arguments, what the server got]`, or the faults of a 422 as `type place`. */
export type Row = readonly [tool: string, args: unknown, outcome: Record<string, unknown> | readonly string[]];

/** Calls each row's tool, one after the other, and compares. */
export async function checkRows(app: RunningApp, rows: readonly Row[]): Promise<void> {
  for (const [tool, args, outcome] of rows) {
    const label = `${tool} ${JSON.stringify(args)}`;
    const { status, body } = await ask(app, `/calls/${tool}`, args);
    if (Array.isArray(outcome)) {
      assert.equal(status, 422, label);
      assert.deepEqual(faultsOf(body), outcome, label);
    } else {
      assert.deepEqual({ status, body }, { status: 200, body: { tool, args: outcome } }, label);
    }
  }
}

function faultsOf(body: unknown): string[] {
  const { detail } = body as { detail: { type: string; loc: (string | number)[]; msg: string; input: unknown }[] };
  return detail.map((fault) => {
    const { type, loc, msg, ...rest } = fault;
    assert.equal(msg, MESSAGES[type], type);
    assert.deepEqual(Object.keys(rest), ['input']);
    assert.equal(loc[0], 'body');
    return [type, loc.slice(1).join('.')].join(' ');
  });
}
