/** The command line: flags, variables, commands, help, and what follows `--`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type DumpFlags, HELP, type ParsedCli, parseCli } from '../src/cli.ts';
import type { Flags } from '../src/config/flags.ts';
import type { Environment } from '../src/config/interpolate.ts';
import { describeProblem } from '../src/config/model.ts';

function run(argv: string[], env: Environment = {}): Extract<ParsedCli, { kind: 'run' }> {
  const parsed = parseCli(argv, env);
  assert.ok(parsed.kind === 'run', JSON.stringify(parsed));
  return parsed;
}

function print(argv: string[]): Extract<ParsedCli, { kind: 'print' }> {
  const parsed = parseCli(argv, {});
  assert.ok(parsed.kind === 'print', JSON.stringify(parsed));
  return parsed;
}

describe('flags', () => {
  const cases: [flags: string[], value: string, key: keyof Flags][] = [
    [['--host', '-h'], '0.0.0.0', 'host'],
    [['--port', '-p'], '9000', 'port'],
    [['--api-key', '-k'], 'key', 'apiKey'],
    [['--type', '--server-type'], 'sse', 'type'],
    [['--config', '-c'], 'c.json', 'config'],
    [['--name', '-n'], 'N', 'name'],
    [['--description', '-d'], 'D', 'description'],
    [['--version', '-v'], '2.0', 'version'],
    [['--ssl-certfile', '-t'], 'c.pem', 'sslCertfile'],
    [['--ssl-keyfile', '-K'], 'k.pem', 'sslKeyfile'],
    [['--root-path'], '/api', 'rootPath'],
    [['--path-prefix'], '/pre', 'pathPrefix'],
    [['--header', '-H'], '{"a":"b"}', 'header'],
    [['--log-level'], 'debug', 'logLevel'],
    [['--public-url'], 'https://x', 'publicUrl'],
    [['--store'], 'memory', 'store'],
    [['--webui-secret-key'], 'secret', 'webuiSecretKey'],
    [['--open-webui-url'], 'http://open-webui:8080', 'openWebuiUrl'],
    [['--user-jwt-secret'], 'secret', 'userJwtSecret'],
    [['--document-key'], 'key', 'documentKey'],
    [['--anonymous-catalog'], 'off', 'anonymousCatalog'],
  ];

  test('every one with a value, in every spelling', () => {
    for (const [spellings, value, key] of cases) {
      for (const flag of spellings) {
        const forms = [[flag, value], flag.startsWith('--') ? [`${flag}=${value}`] : [`${flag}${value}`]];
        for (const form of forms) {
          assert.deepEqual(run(form).flags, { [key]: value, variables: {}, problems: [] }, form.join(' '));
        }
      }
    }
  });

  test('values may begin with a dash or be empty', () => {
    assert.equal(run(['--api-key', '-secret-']).flags.apiKey, '-secret-');
    assert.equal(run(['--api-key', '']).flags.apiKey, '');
    assert.equal(run(['--api-key=']).flags.apiKey, '');
  });

  test('switches', () => {
    assert.deepEqual(run(['--strict-auth', '--hot-reload', '--insecure-open', '--oauth']).flags, {
      strictAuth: true,
      hotReload: true,
      insecureOpen: true,
      oauth: true,
      variables: {},
      problems: [],
    });
    assert.deepEqual(run(['--trust-forwarded-user', '--no-verify-jwt']).flags, {
      trustForwardedUser: true,
      verifyJwt: false,
      variables: {},
      problems: [],
    });
  });

  test('lists', () => {
    const { flags } = run(
      '--cors-allow-origins http://a --cors-allow-origins http://b,http://c --allowed-host a --allowed-host b --trust-proxy ::1 --trust-proxy 10.0.0.0/8,1.2.3.4'.split(
        ' ',
      ),
    );
    assert.deepEqual(flags.corsAllowOrigins, ['http://a', 'http://b', 'http://c']);
    assert.deepEqual(flags.allowedHost, ['a', 'b']);
    assert.deepEqual(flags.trustProxy, ['::1', '10.0.0.0/8', '1.2.3.4']);
  });

  test('none are no keys at all', () => {
    assert.deepEqual(run([]).flags, { variables: {}, problems: [] });
  });

  test('unknown ones, and ones without their value, are refused', () => {
    assert.deepEqual(print(['--hots', 'x']), {
      kind: 'print',
      text: "latchkey: unknown option '--hots'\n(Did you mean --host?)\nRun latchkey --help for all options.\n",
      exitCode: 2,
      stream: 'stderr',
    });
    assert.match(print(['--port']).text, /argument missing/);
    assert.match(print(['-x']).text, /unknown option '-x'/);
  });
});

describe('the server behind --', () => {
  test('is everything after the first --', () => {
    const { flags } = run(['-p', '1', '--', 'npx', '-y', 'x', '--port', '2', '--', '--help']);
    assert.equal(flags.port, '1');
    assert.deepEqual(flags.command, ['npx', '-y', 'x', '--port', '2', '--', '--help']);
  });

  test('may follow a second --, which some script runners leave', () => {
    assert.deepEqual(run(['--', '--', 'y']).flags.command, ['y']);
    assert.deepEqual(run(['serve', '--', 'y']).flags.command, ['y']);
  });

  test('must be there', () => {
    for (const argv of [['--'], ['--', '--'], ['-p', '1', '--']]) {
      const { text, exitCode, stream } = print(argv);
      assert.match(text, /nothing follows --/);
      assert.deepEqual([exitCode, stream], [2, 'stderr']);
    }
  });

  test('may stand beside --config', () => {
    const { flags } = run(['--config', 'c', '--', 'y']);
    assert.deepEqual([flags.config, flags.command], ['c', ['y']]);
  });
});

describe('commands', () => {
  test('serve unless said otherwise; before or after the flags', () => {
    assert.equal(run([]).command, 'serve');
    assert.equal(run(['-p', '1']).command, 'serve');
    for (const command of ['serve', 'check', 'dump', 'demo'] as const) {
      assert.equal(run([command, '-p', '1']).command, command);
      assert.equal(run(['-p', '1', command]).command, command);
      assert.equal(run([command, '--config', 'c', '--strict-auth']).flags.strictAuth, true);
    }
  });

  test('dump is also what --schemaDump asks for, in both spellings', () => {
    for (const flag of ['--schemaDump', '--schema-dump', '--schemaDump=true', '--schema-dump=true']) {
      for (const argv of [[flag], ['serve', flag], ['dump', flag], [flag, '--', 'npx', 'x']]) {
        const { command, flags } = run(argv);
        assert.deepEqual([command, flags.schemaDump], ['dump', true], argv.join(' '));
      }
    }
    assert.equal(run(['dump']).flags.schemaDump, undefined);
    for (const odd of ['--schemaDump=false', '--schemaDump=', '--schemaDump=true=true', '--hot-reload=true']) {
      assert.match(print([odd]).text, /unknown option/, odd);
    }
    assert.deepEqual(run(['--', 'x', '--schemaDump=true']).flags.command, ['x', '--schemaDump=true']);
  });

  test('the format of a dump is taken as it is written, in both spellings', () => {
    for (const flag of ['--schemaFormat', '--schema-format']) {
      for (const form of [[flag, 'JSON'], [`${flag}=JSON`]]) {
        const expected: DumpFlags = { schemaFormat: 'JSON' };
        assert.deepEqual(run(['dump', ...form]).flags, { ...expected, variables: {}, problems: [] });
        assert.equal(run(['--schemaDump', ...form]).flags.schemaFormat, 'JSON');
      }
    }
  });

  test('flags of dump are refused where nothing is dumped', () => {
    for (const argv of [
      ['--schemaFormat', 'json'],
      ['serve', '--schemaFormat', 'json'],
      ['check', '--schemaFormat', 'x'],
    ]) {
      assert.match(print(argv).text, /--schema-format goes with --schema-dump, or with dump/, argv.join(' '));
      assert.deepEqual([print(argv).exitCode, print(argv).stream], [2, 'stderr']);
    }
    for (const command of ['check', 'demo']) {
      assert.match(print([command, '--schemaDump']).text, new RegExp(`--schema-dump does not go with '${command}'`));
    }
  });

  test('version prints ours', async () => {
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    assert.deepEqual(print(['version']), { kind: 'print', text: `${version}\n`, exitCode: 0, stream: 'stdout' });
  });

  test('unknown ones are refused with a hint', () => {
    assert.match(print(['chekc']).text, /'chekc' is not a command of latchkey; did you mean 'check'\?/);
    const forgotten = print(['uvx', 'mcp-server-time']);
    assert.match(forgotten.text, /goes behind --, as in: latchkey -- uvx/);
    assert.deepEqual([forgotten.exitCode, forgotten.stream], [2, 'stderr']);
    assert.match(print(['check', 'c.json']).text, /'c.json' is one argument too many after 'check'/);
  });
});

describe('help', () => {
  test('is printed for --help and help, but not for -h, which is the host', () => {
    for (const argv of [['--help'], ['help'], ['check', '--help'], ['-p', '1', '--help', '--', 'y']]) {
      assert.deepEqual(print(argv), { kind: 'print', text: HELP, exitCode: 0, stream: 'stdout' });
    }
    assert.match(print(['-h']).text, /argument missing/);
  });

  test('fits one screen', () => {
    const lines = HELP.trimEnd().split('\n');
    assert.ok(lines.length <= 24, String(lines.length));
    for (const line of lines) assert.ok(line.length <= 100, line);
  });

  test('names every flag', async () => {
    const source = await readFile(new URL('../src/cli.ts', import.meta.url), 'utf8');
    const flags = [...source.matchAll(/\.option\('([^']+)'/g)].flatMap(
      ([, text]) => text?.match(/--[a-zA-Z-]+/g) ?? [],
    );
    assert.ok(flags.length > 20);
    const otherSpellings = new Set(['--server-type', '--schemaDump', '--schemaFormat']);
    for (const flag of flags.filter((name) => !otherSpellings.has(name))) assert.ok(HELP.includes(flag), flag);
  });

  test('names the secret that seals logins', () => {
    assert.ok(HELP.includes('LATCHKEY_SECRET'));
  });

  test('its examples can be run', () => {
    const examples = HELP.split('Examples:')[1]?.trim().split('\n') ?? [];
    assert.equal(examples.length, 3);
    for (const example of examples) {
      const [program, ...argv] = example.trim().split(' ');
      assert.equal(program, 'latchkey');
      assert.deepEqual(run(argv).flags.problems, []);
    }
  });
});

describe('variables', () => {
  const folder = mkdtemp(join(tmpdir(), 'latchkey-cli-'));

  test('the process goes before the file, the file before --env', async () => {
    const file = join(await folder, '.env');
    await writeFile(file, '\uFEFFA=file\nB=file\n# note\nQ="a b"\n');
    const parsed = run(['-e', 'A=flag', '--env', 'B=flag', '-e', 'C=flag', '--env-path', file], {
      A: 'process',
      E: 'e',
    });
    assert.deepEqual(parsed.flags.variables, { B: 'file', C: 'flag', Q: 'a b' });
    assert.deepEqual(parsed.env, { A: 'process', B: 'file', C: 'flag', Q: 'a b', E: 'e' });
    assert.deepEqual(parsed.flags.problems, []);
  });

  test('an empty one of the process counts', () => {
    assert.deepEqual(run(['-e', 'A=flag'], { A: '' }).env, { A: '' });
  });

  test('are split at the first =; the last of two wins', () => {
    assert.deepEqual(run(['-e', 'A=b=c', '-e', 'E=', '-e', 'A=d=e']).flags.variables, { A: 'd=e', E: '' });
  });

  test('a malformed one is a problem that tells no value and discards no other', () => {
    const { flags } = run(['-e', 'A=1', '-e', 'hush', '-e', '=x', '-e', 'B=2']);
    assert.deepEqual(flags.variables, { A: '1', B: '2' });
    assert.deepEqual(flags.problems.map(describeProblem), [
      'command line: --env: number 2 is not of the form NAME=value',
      'command line: --env: number 3 is not of the form NAME=value',
    ]);
  });

  test('a file that cannot be read is a problem', async () => {
    for (const path of ['/no/such/file', await folder]) {
      const { flags } = run(['--env-path', path, '-e', 'A=1']);
      assert.match(flags.problems.map(describeProblem).join(), /^command line: --env-path: cannot be read: E/);
      assert.deepEqual(flags.variables, { A: '1' });
    }
  });
});

test('a second -- reaches us through npm', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'latchkey-npm-'));
  const script = 'console.log(JSON.stringify(process.argv.slice(2)))';
  await writeFile(join(cwd, 'main.cjs'), script);
  await writeFile(join(cwd, 'package.json'), JSON.stringify({ scripts: { start: 'node main.cjs' } }));
  const { stdout } = await promisify(execFile)('npm', ['--silent', 'start', '--', '--', 'cmd', '-y'], { cwd });
  assert.deepEqual(run(JSON.parse(stdout) as string[]).flags.command, ['cmd', '-y']);
});
