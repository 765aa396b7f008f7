/** A place where the commands of the guide run as they stand there: latchkey on the PATH, another port, a real provider. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type AuthorizationServer, startAuthorizationServer } from '../helpers/authorization-server.ts';
import { freePort } from '../helpers/free-port.ts';
import { blocksOf, commandsOf } from '../helpers/markdown.ts';
import { emptyHome, type Place } from '../helpers/process.ts';
import { type ProtectedServer, startProtectedServer } from '../helpers/protected-server.ts';
import { until } from '../helpers/wait.ts';

const SERVER = 'https://notes.example.com/mcp';
const SHOWN_CODE = '7KQ2M-XW4RT';
const TSX = resolve('node_modules/tsx/dist/loader.mjs');
const CHAPTERS = readFileSync('OAUTH_GUIDE.md', 'utf8').split(/^(?=## )/m);
const isOpenWebui = (chapter: string): boolean => chapter.startsWith('## Open WebUI\n');

/** The chapter for admins of Open WebUI, and the rest of the guide. */
export const OPEN_WEBUI = CHAPTERS.filter(isOpenWebui).join('');
export const OTHER_CHAPTERS = CHAPTERS.filter((chapter) => !isOpenWebui(chapter)).join('');

export class GuidePlace {
  readonly place: Place;
  readonly as: AuthorizationServer;
  readonly notes: ProtectedServer;
  readonly home: string;
  readonly #text: string;
  readonly #replaced: Map<string, string>;
  readonly #done = new Set<string>();

  /** `variables`: of the shell; `replaced`: what else stands in the guide and is another here. */
  static async prepare(
    text: string,
    variables: Readonly<Record<string, string>>,
    replaced: Readonly<Record<string, string>> = {},
  ): Promise<GuidePlace> {
    const place = await emptyHome();
    const as = await startAuthorizationServer();
    const notes = await startProtectedServer({ authorization: as });
    const port = await freePort();
    const bin = join(place.cwd, 'bin');
    mkdirSync(bin);
    const program = `#!/bin/sh\nexec '${process.execPath}' --import '${TSX}' '${resolve('src/main.ts')}' --port ${port} "$@"\n`;
    writeFileSync(join(bin, 'latchkey'), program, { mode: 0o755 });
    Object.assign(place.env, { PATH: `${bin}:${place.env.PATH}`, ...variables });
    return new GuidePlace(text, place, as, notes, `http://localhost:${port}`, replaced);
  }

  private constructor(
    text: string,
    place: Place,
    as: AuthorizationServer,
    notes: ProtectedServer,
    home: string,
    replaced: Readonly<Record<string, string>>,
  ) {
    this.#text = text;
    this.place = place;
    this.as = as;
    this.notes = notes;
    this.home = home;
    const ours = { 'http://localhost:8000': home, [SERVER]: notes.url.href };
    this.#replaced = new Map(Object.entries({ ...ours, ...replaced }));
  }

  async remove(): Promise<void> {
    await this.notes.close();
    await this.as.close();
    await this.place.remove();
  }

  /** The blocks of the chapter in `language`, with the addresses of this place. */
  blocks(language: string): string[] {
    return blocksOf(this.#text, language).map((block) => this.#here(block));
  }

  /** Writes what the guide shows into a file of the folder where the commands run. */
  write(name: string, text: string): void {
    writeFileSync(join(this.place.cwd, name), text);
  }

  /** The command as the guide has it, so that a changed guide fails here. */
  documented(start: string): string {
    const command = commandsOf(this.#text).find((line) => line.startsWith(start));
    assert.ok(command !== undefined, `the guide has no command that starts with ${start}`);
    this.#done.add(command);
    return this.#here(command);
  }

  /** Commands that no test has asked for. */
  left(): string[] {
    return commandsOf(this.#text).filter((line) => !this.#done.has(line));
  }

  run(start: string): string {
    const { cwd, env } = this.place;
    const ended = spawnSync('bash', ['-c', this.documented(start)], { cwd, env, encoding: 'utf8', timeout: 60_000 });
    assert.equal(ended.status, 0, ended.stderr);
    return ended.stdout;
  }

  /** As `run`, for what this very process has to answer; `code` stands for the one that the guide shows. */
  async ask(start: string, code = SHOWN_CODE): Promise<unknown> {
    const { cwd, env } = this.place;
    const command = this.documented(start).replace(SHOWN_CODE, code);
    const child = spawn('bash', ['-c', command], { cwd, env });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk));
    await once(child, 'close');
    return JSON.parse(output);
  }

  /** Runs a command that serves while `look` looks at it, which gets what it has logged so far. */
  async serving(start: string, look: (log: () => string) => Promise<void>): Promise<void> {
    const { cwd, env } = this.place;
    const child = spawn('bash', ['-c', `exec ${this.documented(start)}`], { cwd, env });
    const closed = once(child, 'close');
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output += chunk));
    const ended = closed.then(() => assert.fail(`${start} ended: ${output.slice(-3000)}`));
    try {
      await Promise.race([until(() => this.#isReady(), 60_000, `${start} is ready`), ended]);
      await look(() => output);
    } finally {
      ended.catch(() => undefined);
      child.kill();
      await closed;
    }
  }

  /** Every configuration of the chapter is valid, and `check` warns of nothing. */
  checkConfigurations(): void {
    for (const text of this.blocks('yaml')) assert.doesNotMatch(this.checked(text), /warning/, text);
  }

  /** What `check` says of a configuration that is valid. */
  checked(text: string): string {
    const file = 'checked.yaml';
    this.write(file, text);
    const { cwd, env } = this.place;
    const args = ['check', '--config', file];
    const { status, stdout, stderr } = spawnSync('latchkey', args, { cwd, env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout + stderr;
  }

  /** The part of the chapter that begins with `**<start>` at the start of a line, up to the next of its kind. */
  section(start: string): string {
    const parts = this.#here(this.#text).split(/^(?=\*\*|#+ |\|)/m);
    const found = parts.filter((part) => part.startsWith(`**${start}`));
    assert.equal(found.length, 1, `the guide has one section ${start}`);
    return found[0] ?? '';
  }

  #here(text: string): string {
    let here = text;
    for (const [shown, actual] of this.#replaced) here = here.replaceAll(shown, actual);
    return here;
  }

  async #isReady(): Promise<boolean> {
    const response = await fetch(`${this.home}/readyz`).catch(() => undefined);
    await response?.arrayBuffer();
    return response?.status === 200;
  }
}
