/** The reference and the JSON Schema are made from the schema of the file, and are up to date. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration files are the subject here
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { generatedFiles } from '../../src/config/documentation.ts';
import { configJsonSchema, type JsonSchema } from '../../src/config/json-schema.ts';
import { WEBUI_SECRET } from '../helpers/open-webui-users.ts';
import { load, loadYaml } from './helper.ts';
import { settings } from './settings-helper.ts';

const guide = generatedFiles().get('docs/config.md') ?? '';

describe('the generated files', () => {
  for (const [path, text] of generatedFiles()) {
    test(`${path} is up to date`, () => {
      const found = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
      assert.ok(found === text, `${path} is stale; run: node --import tsx scripts/generate-docs.ts`);
    });
  }
});

describe('the documentation', () => {
  test('has a row with a meaning for every key', () => {
    const keys = new Set<string>();
    const visit = (schema: JsonSchema) => {
      for (const [key, value] of Object.entries(schema.properties ?? {})) {
        keys.add(key);
        assert.ok(value.description, `${key} has no description`);
        visit(value);
      }
      for (const option of schema.anyOf ?? []) visit(option);
      if (schema.items) visit(schema.items);
      if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties);
    };
    visit(configJsonSchema);
    assert.ok(keys.size > 45);
    for (const key of keys)
      assert.match(
        guide,
        new RegExp(`^\\| \`(?:[\\w.]+(?:\\[\\])?\\.)?${key.replace('$', '\\$')}\` \\| .* \\| .+ \\|$`, 'm'),
      );
  });

  test('its example of a login is valid', () => {
    const text = guide.split('```yaml\n')[2]?.split('```')[0] ?? '';
    const config = loadYaml(text, { env: { TRACKER_SECRET: 's' } });
    assert.equal(config.servers.get('tracker')?.oauth?.clientSecret, 's');
    assert.deepEqual(config.warnings, []);
  });

  test('its example of Open WebUI is valid', () => {
    const text = guide.split('```yaml\n')[3]?.split('```')[0] ?? '';
    const env = { WEBUI_SECRET_KEY: WEBUI_SECRET, DOCUMENT_KEY: 'Az09._~-Az09._~-q' };
    const { gateway, warnings } = loadYaml(text, { env });
    assert.equal(gateway.openWebui?.secretKey, WEBUI_SECRET);
    assert.equal(gateway.openWebui?.introspect, true);
    assert.equal(gateway.documentKey, env.DOCUMENT_KEY);
    assert.deepEqual(warnings, []);
  });

  test('its example of a file with servers is valid', () => {
    const text = guide.split('```yaml\n')[4]?.split('```')[0] ?? '';
    const config = loadYaml(text, { env: { ADMIN_PASSWORD: 'p', GATEWAY_TOKEN: 't' } });
    assert.equal(config.shape, 'servers');
    assert.deepEqual(config.gateway.auth, { basic: [{ username: 'admin', password: 'p' }], bearer: ['t'] });
    assert.deepEqual(config.servers.get('files')?.disabledTools, ['write_file']);
  });

  test('its table of what holds for keys that are not there says what does', () => {
    const cells = guide.split('\n').flatMap((line) => {
      const [, key = '', ...two] = /^\| `(\w+)` \| `([^`]+)`[^|]* \| `([^`]+)`[^|]* \|$/.exec(line) ?? [];
      return key === '' ? [] : [[key, two]];
    });
    const inForce = (['servers', 'mcpServers'] as const).map((shape) => {
      const { servers } = load({ port: 1, [shape]: { x: { command: 'y' } } });
      const { isolation, start, timeoutMs } = servers.get('x') ?? assert.fail();
      return { hostname: settings({}, { shape }).host, isolation, start, timeout: String(timeoutMs / 1000) };
    });
    const [one, other] = inForce;
    assert.ok(one && other);
    const expected = (['hostname', 'isolation', 'start', 'timeout'] as const).map((key) => [
      key,
      [one[key], other[key]],
    ]);
    assert.deepEqual(cells, expected);
    assert.match(guide, /^\| `port` \| has to be there, or `--port` \| `8000` \|$/m);
    assert.equal(settings({}).port, 8000);
    assert.throws(() => load({ servers: { x: { command: 'y' } } }), /port: Port must be specified/);
  });

  test('its limits of sessions are those in force', () => {
    const { idleMs, most, mostPerPrincipal, startMs } = settings({}).sessions;
    const rows = { idle_minutes: idleMs / 60_000, total: most, per_principal: mostPerPrincipal };
    for (const [key, value] of Object.entries({ ...rows, start_seconds: startMs / 1000 })) {
      assert.match(guide, new RegExp(`^\\| \`sessions\\.${key}\` \\| [^|]+ \\| \`${value}\` \\|`, 'm'));
    }
  });

  test('its examples are valid and mean the same', () => {
    const env = { SEARCH_TOKEN: 't' };
    const example = (language: string) => guide.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? '';
    const json = load(example('jsonc'), { env });
    const yaml = loadYaml(example('yaml'), { env });
    assert.deepEqual(json.servers, yaml.servers);
    assert.equal(json.servers.size, 2);
    assert.deepEqual([...json.warnings, ...yaml.warnings], []);
  });
});

describe('the JSON Schema', () => {
  const validate = new Ajv({ strict: false }).compile(configJsonSchema);

  test('accepts what the loader accepts', () => {
    const file = {
      $schema: 'x',
      mcpServers: {
        a: { command: 'y', args: ['b', 1], env: { A: 'b', C: 1 }, autoApprove: [] },
        b: { type: 'streamable_http', url: '${URL}', oauth: { scope: 'a' } },
      },
      auth: { bearer: { enabled: true, tokens: ['t'] } },
    };
    assert.ok(validate(file), JSON.stringify(validate.errors));
    assert.equal(load(file, { env: { URL: 'http://x' } }).servers.size, 2);
    const { mcpServers, ...keys } = file;
    const other = { ...keys, hostname: 'x', port: '3000', debug: { level: 'verbose' }, servers: mcpServers };
    assert.ok(validate(other), JSON.stringify(validate.errors));
    assert.equal(load(other, { env: { URL: 'http://x' } }).shape, 'servers');
  });

  test('refuses what it refuses', () => {
    for (const entry of [
      { command: 5 },
      { type: 'pipe' },
      { args: 'a' },
      { timeout: 0 },
      { oauth: 'yes' },
      { isolation: 'x' },
    ]) {
      assert.ok(!validate({ mcpServers: { a: entry } }), JSON.stringify(entry));
      assert.ok(!validate({ port: 1, servers: { a: entry } }), JSON.stringify(entry));
    }
    assert.ok(!validate({ mcpServers: {}, servers: {} }));
    assert.ok(!validate({ port: 0, servers: {} }));
    assert.ok(!validate({}));
  });
});
