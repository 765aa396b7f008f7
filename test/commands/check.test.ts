/** What `latchkey check` says about logins. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { emptyHome, type Place, runLatchkey } from '../helpers/process.ts';

describe('latchkey check', () => {
  let place: Place;
  let file: string;
  before(async () => {
    place = await emptyHome();
    file = join(place.cwd, 'config.json');
    const url = 'https://mcp.example.org/mcp';
    const secret = { client_id: 'shown-to-nobody', client_secret: 'hush-hush' };
    const mcpServers = {
      open: { type: 'http', url },
      each: { type: 'http', url, oauth: secret },
      one: { type: 'http', url, oauth: { multi_user: false } },
    };
    await writeFile(file, JSON.stringify({ mcpServers }));
  });
  after(() => place.remove());

  it('says whose the logins of each server are, and no secret', async () => {
    const { code, stdout, stderr } = await runLatchkey(['check', '--config', file], place);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ {2}open {2}streamable-http {2}https:\/\/mcp\.example\.org\/mcp$/m);
    assert.match(stdout, /^ {2}each .* {2}logins: each person$/m);
    assert.match(stdout, /^ {2}one .* {2}logins: one for all$/m);
    assert.doesNotMatch(stdout + stderr, /hush|shown-to-nobody/);
  });

  it('refuses one login for all that anyone could use, with exit code 2', async () => {
    const { code, stderr } = await runLatchkey(['check', '--config', file, '--host', '0.0.0.0'], place);
    assert.equal(code, 2);
    assert.match(stderr, /mcpServers\.one\.oauth: anyone who reaches 0\.0\.0\.0 could use the one login of 'one'/);
    assert.match(stderr, /--api-key, or multi_user: true, or say --insecure-open/);
    assert.doesNotMatch(stderr, /mcpServers\.each|hush/);
  });

  it('says what is odd about Open WebUI, and none of its secrets', async () => {
    const url = 'https://mcp.example.org/mcp';
    const path = join(place.cwd, 'open-webui.json');
    const mcpServers = {
      own: { type: 'http', url, oauth: { webui_secret_key: 'hush-1-hush-1-hush-1' } },
      each: { type: 'http', url, oauth: true },
    };
    const keys = { document_key: 'hush-2-hush-2-hush-2', open_webui: { user_jwt_secret: 'hush-3-hush-3-hush-3' } };
    await writeFile(path, JSON.stringify({ mcpServers, ...keys }));
    const odd = await runLatchkey(['check', '--config', path, '--no-verify-jwt'], place);
    assert.equal(odd.code, 0);
    assert.match(odd.stderr, /^warning: .*mcpServers\.own\.oauth\.webui_secret_key: is shorter than 32 bytes/m);
    assert.match(odd.stderr, /^warning: .*open_webui\.user_jwt_secret: is shorter than 32 bytes/m);
    assert.match(
      odd.stderr,
      /^warning: .*open-webui\.json: open_webui\.user_jwt_secret: has no effect without an API key/m,
    );
    assert.match(odd.stderr, /^warning: .*ANYBODY CAN CLAIM TO BE ANYBODY/m);
    assert.doesNotMatch(odd.stderr, /no effect in this version/);
    const env = { ...place.env, LATCHKEY_USER_JWT_SECRET: 'hush-5', LATCHKEY_DOCUMENT_KEY: 'hush/6' };
    const wrong = await runLatchkey(['check', '--config', path, '--webui-secret-key', 'hush-4'], { ...place, env });
    assert.equal(wrong.code, 2);
    assert.equal(wrong.stderr.match(/^error: /gm)?.length, 3, wrong.stderr);
    assert.doesNotMatch(odd.stdout + odd.stderr + wrong.stdout + wrong.stderr, /hush/);
  });

  it('says by which way users of Open WebUI are known', async () => {
    const asking = await runLatchkey(['check', '--config', file, '--open-webui-url', 'http://127.0.0.1:1'], place);
    assert.match(asking.stdout, /^Users of Open WebUI are known by: asking http:\/\/127\.0\.0\.1:1\.$/m);
    // It starts nothing, and asks nobody.
    assert.doesNotMatch(asking.stderr, /is not reached/);
  });

  it('calls what many will see a note', async () => {
    const { stderr } = await runLatchkey(['check', '--config', file], place);
    assert.match(
      stderr,
      /^note: .*tokens of Open WebUI that come from this machine are believed without being verified/m,
    );
  });
});
