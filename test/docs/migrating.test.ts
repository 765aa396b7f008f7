/** What docs/migrating.md tells newcomers to type is run as it stands there, in a fresh copy of the project with an empty HOME. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { parseCli } from '../../src/cli.ts';
import { RESERVED_NAMES } from '../../src/config/server-name.ts';
import { strict } from '../acehoss/gateway.ts';
import { openStream } from '../acehoss/stream.ts';
import { loadYaml } from '../config/helper.ts';
import { freePort } from '../helpers/free-port.ts';
import { commandsOf } from '../helpers/markdown.ts';
import { type RawAnswer, raw } from '../http/raw.ts';
import { type Copy, freshCopy } from './fresh-copy.ts';

const [, FROM_MCPO = '', FROM_ACEHOSS = ''] = readFileSync('docs/migrating.md', 'utf8').split(/^## From .*$/m);
const COMMAND = /^(?:[A-Z_]+=\S+ )?(?:npm|npx|node|latchkey|docker|curl) /;
const REQUEST = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+$/;

/** What stands in backticks, in the text and in its tables. */
function piecesOf(text: string): string[] {
  return [...text.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, piece = '']) => piece);
}

/** The pieces in the last column of each table: what to write instead. */
function advice(text: string): string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  return rows.flatMap((row) => piecesOf(row.split(' | ').at(-1) ?? ''));
}

describe('moving from acehoss/mcp-gateway', () => {
  const pieces = piecesOf(FROM_ACEHOSS);
  const named = [...commandsOf(FROM_ACEHOSS), ...pieces.filter((piece) => COMMAND.test(piece) || REQUEST.test(piece))];
  const done = new Set<string>();
  let copy: Copy;
  let url: string;
  before(async () => {
    copy = await freshCopy();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const config = stringify({ hostname: '127.0.0.1', port, servers: { small: strict(), twin: strict('--banner') } });
    writeFileSync(join(copy.folder, 'config.yaml'), config);
  });
  after(() => copy.remove());

  /** Takes it as the document has it, so that a changed document fails here. */
  function documented(text: string): string {
    assert.ok(named.includes(text), `docs/migrating.md does not name: ${text}`);
    done.add(text);
    return text;
  }

  /** As after `npm ci` alone. */
  function withoutBuild(): void {
    rmSync(join(copy.folder, 'dist'), { recursive: true, force: true });
  }

  /** Sends a documented request, with these names in the places that the document leaves open. */
  function send(request: string, sessionId: string, body?: string): Promise<RawAnswer> {
    const [method = '', path = ''] = documented(request)
      .replace('<server>', 'small')
      .replace('<tool>', 'count')
      .replace(/sessionId=.*$/, `sessionId=${sessionId}`)
      .split(' ');
    return raw(url, { method, path, ...(body === undefined ? {} : { body }) });
  }

  async function isServing(): Promise<void> {
    assert.match((await raw(url, { path: '/api/sessionid' })).body, /^\{"sessionId":"[0-9a-f-]{36}"\}$/);
  }

  it('installing is the first step of the continuous integration, on a clean clone', () => {
    assert.match(readFileSync('.ci/run', 'utf8'), new RegExp(`^${documented('npm ci')} && npm test$`, 'm'));
  });

  it('the start, after the installation alone, and the requests that the guide names', async (t: TestContext) => {
    assert.ok(!existsSync(join(copy.folder, 'dist')));
    await copy.serving(documented('npm start'), url, async () => {
      const { sessionId } = JSON.parse((await send('GET /api/sessionid', '')).body) as { sessionId: string };
      for (const count of ['1', '2']) {
        const { status, body } = await send('POST /api/<server>/<tool>?sessionId=', sessionId, '{}');
        assert.deepEqual([status, textOf(body)], [200, count]);
      }
      assert.equal((await send('DELETE /api/sessionid?sessionId=...', sessionId)).status, 204);
      const anew = await send('POST /api/<server>/<tool>?sessionId=', sessionId, '{}');
      assert.deepEqual([anew.status, textOf(anew.body)], [200, '1']);

      const stream = await openStream(t, url, documented('GET /<server>').replace('GET /<server>', '/small'));
      const id = (await stream.endpoint()).replace('/small?sessionId=', '');
      const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';
      assert.deepEqual(told(await send('POST /<server>?sessionId=', id, ping)), [202, '']);
      assert.deepEqual((await stream.answer(7)).result, {});
      stream.leave();

      assert.deepEqual(told(await send('POST /<server>/<tool>', '')), [200, '1']);
      assert.match(String((await send('OPTIONS *', '')).status), /^4/);
      for (const path of ['/small/openapi.json', '/docs', '/healthz']) {
        assert.equal((await raw(url, { path })).status, 200, path);
      }
    });
  });

  it('the dump, after the installation alone, is all that stands on stdout', () => {
    withoutBuild();
    const command = documented('npm start --silent -- --schemaDump --schemaFormat json > schema.json');
    const { code, stderr } = copy.run(command);
    assert.equal(code, 0, stderr);
    const text = readFileSync(join(copy.folder, 'schema.json'), 'utf8');
    const { openapi, servers, paths } = JSON.parse(text);
    assert.deepEqual([openapi, servers], ['3.0.0', [{ url: `${url.replace('127.0.0.1', 'localhost')}/api` }]]);
    for (const path of ['/small/count', '/twin/count', '/sessionid']) assert.ok(paths[path], path);
    assert.match(stderr, /^Loading configuration from \.\/config\.yaml\n/);
  });

  it('a look at the file', () => {
    const { code, stdout, stderr } = copy.run(documented('npm start --silent -- check'));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^The configuration is valid: 2 servers\.$/m);
  });

  it('the start with a file elsewhere', async () => {
    const elsewhere = join(copy.folder, '..', 'mcp');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'config.yaml'), readFileSync(join(copy.folder, 'config.yaml')));
    rmSync(join(copy.folder, 'config.yaml'));
    const command = documented('CONFIG_PATH=/etc/mcp/config.yaml npm start');
    await copy.serving(command.replace('/etc/mcp', elsewhere), url, isServing);
  });

  it('none is left out', () => {
    assert.deepEqual(
      named.filter((text) => !done.has(text)),
      [],
    );
  });

  it('the keys that it advises to write are understood', () => {
    const keys = advice(FROM_ACEHOSS).filter((piece) => /^\w+: [[{]/.test(piece));
    assert.ok(keys.length >= 3);
    for (const key of keys) {
      const { warnings } = loadYaml(`hostname: 127.0.0.1\nport: 3000\n${key}\nservers: {x: {command: y}}`);
      assert.deepEqual(warnings, [], key);
    }
  });
});

it('both guides name every name that no server may have', () => {
  for (const text of [FROM_MCPO, FROM_ACEHOSS]) {
    const row = text.split('\n').find((line) => line.startsWith('| servers called `docs`')) ?? '';
    assert.deepEqual(piecesOf(row.split(' | ')[0] ?? '').sort(), [...RESERVED_NAMES].sort());
  }
});

describe('what either guide advises to add', () => {
  for (const text of [FROM_MCPO, FROM_ACEHOSS]) {
    for (const flag of new Set(advice(text).filter((piece) => /^--\w/.test(piece)))) {
      it(`is a flag: ${flag}`, () => {
        // Some are named without their value.
        const ways = [flag, `${flag} value`].map((words) => parseCli(words.split(' '), {}));
        assert.ok(
          ways.some(({ kind }) => kind === 'run'),
          flag,
        );
      });
    }
  }
});

function told({ status, body }: RawAnswer): [number, string] {
  return [status, body];
}

function textOf(body: string): string {
  const { content } = JSON.parse(body) as { readonly content: readonly { readonly text: string }[] };
  return content[0]?.text ?? '';
}
