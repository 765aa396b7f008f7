/** Tells what happens at start and later: lines for a person on a terminal, log records elsewhere. */
import { stripVTControlCharacters, styleText } from 'node:util';
import type { Logger } from 'pino';
import { describeProblem, type Problem, type ServerConfig } from '../config/model.ts';
import { waysInWords } from '../config/open-webui-ways.ts';
import { publicBase } from '../routing.ts';
import type { Settings } from '../settings.ts';
import type { LinkState } from '../upstream/link-state.ts';
import type { Server } from '../upstream/server.ts';
import { connectionHints, openWebuiConnection } from '../web/open-webui.ts';
import type { Notice } from './loopback/notices.ts';

export class Report {
  readonly #settings: Settings;
  readonly #terminal = process.stderr.isTTY === true;
  #log: Logger | undefined;
  /** Last state told, by server: retries that fail alike are not news. */
  readonly #told = new Map<string, string>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  attach(log: Logger): void {
    this.#log = log;
  }

  warnings(warnings: readonly Problem[]): void {
    for (const warning of warnings) {
      const text = describeProblem(warning);
      const isNote = warning.isNote === true;
      if (this.#terminal) this.#line(isNote ? `${styleText('cyan', '›')} ${text}` : styleText('yellow', `! ${text}`));
      else this.#log?.[isNote ? 'info' : 'warn'](text);
    }
  }

  /** On a terminal: the addresses to open. The log has said already where we listen. */
  listening(): void {
    if (!this.#terminal) return;
    const { publicUrl, rootPath } = this.#settings;
    const url = publicBase(publicUrl, rootPath);
    this.#line(`Open ${styleText('bold', url)}`);
    this.#line(`  try the tools  ${url}/docs`);
    this.#line(`  OpenAPI        ${url}/openapi.json`);
  }

  /** How users of Open WebUI are known, and what an admin of it adds there where they are; the servers are those at start. */
  openWebui(servers: readonly ServerConfig[]): void {
    const ways = waysInWords(this.#settings, servers);
    if (ways !== undefined && this.#terminal) this.#line(ways);
    else if (ways !== undefined) this.#log?.info(ways);
    const connection = openWebuiConnection(this.#settings, servers);
    if (connection === undefined) return;
    const list = [connection];
    const hints = connectionHints(this.#settings, connection);
    const message = 'Open WebUI: add this connection as an admin, or start it with this TOOL_SERVER_CONNECTIONS';
    if (!this.#terminal) {
      this.#log?.info({ TOOL_SERVER_CONNECTIONS: list, hints }, message);
      return;
    }
    this.#line(`${styleText('bold', message)}:`);
    this.#line(JSON.stringify(list, null, 2));
    for (const hint of hints) this.#line(`  ${hint}`);
  }

  state(server: Server, state: LinkState): void {
    // What follows a login is news again.
    if (state.state === 'needs-login') this.#told.delete(server.name);
    const summary = summaryOf(server, state);
    if (summary === undefined || this.#told.get(server.name) === summary) return;
    this.#told.set(server.name, summary);
    if (this.#terminal) this.#terminalState(server, state, summary);
    else this.#logState(server, state);
  }

  /** What a person has to know of the one login of a server. */
  notice({ server, level, lines, message, address, reason }: Notice): void {
    if (!this.#terminal) {
      this.#log?.[level]({ server, address, reason }, message);
      return;
    }
    const [first = '', ...more] = lines.map(stripVTControlCharacters);
    this.#line(`${styleText(level === 'warn' ? 'yellow' : 'cyan', level === 'warn' ? '!' : '›')} ${server}: ${first}`);
    for (const line of more) this.#line(`  ${line}`);
  }

  #terminalState(server: Server, state: LinkState, summary: string): void {
    const { publicUrl, rootPath, pathPrefix } = this.#settings;
    if (state.state === 'ready') {
      const docs = `${publicBase(publicUrl, rootPath)}${pathPrefix}${encodeURI(server.name)}/docs`;
      this.#line(`${styleText('green', '✓')} ${server.name}: ${summary}  ${docs}`);
    } else {
      this.#line(`${styleText('red', '✗')} ${server.name}: ${summary}`);
    }
  }

  #logState(server: Server, state: LinkState): void {
    if (state.state === 'ready') {
      this.#log?.info({ server: server.name, tools: server.catalog?.tools.length }, 'server is ready');
    } else if (state.state === 'failed') {
      this.#log?.warn({ server: server.name, reason: state.reason }, `server is not available; ${outlook(server)}`);
    }
  }

  #line(text: string): void {
    process.stderr.write(`${text}\n`);
  }
}

/** Of a server that could not be reached. */
function outlook({ isOnDemand }: Server): string {
  return isOnDemand ? 'latchkey tries again when somebody needs it' : 'latchkey keeps trying';
}

function summaryOf(server: Server, state: LinkState): string | undefined {
  if (state.state === 'ready') return `ready, ${server.catalog?.tools.length ?? 0} tools`;
  if (state.state === 'failed') return `${state.reason}; ${outlook(server)}`;
  return undefined;
}
