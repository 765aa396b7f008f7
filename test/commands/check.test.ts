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
});
