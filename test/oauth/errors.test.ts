/** What callers read who have to send a person to a browser first. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  authorizationRequired,
  identityRequired,
  insufficientScope,
  LoginNeeded,
  providerUnavailable,
} from '../../src/oauth/errors.ts';

const LINK = 'https://gate.example/oauth/notes/authorize?ticket=t';

describe('a caller without a login', () => {
  const error = authorizationRequired('notes', 'No account is connected at "notes".');

  it('is told the link, in the sentence and by itself, in a flat body', () => {
    const told = error.told({ link: LINK });
    assert.equal(told.status, 401);
    assert.deepEqual(told.body, {
      error: 'authorization_required',
      message: `No account is connected at "notes". Ask the user to open ${LINK} to connect it.`,
      authorize_url: LINK,
    });
  });

  it('is told where a code goes only where the link may end in one', () => {
    assert.match(
      error.told({ link: LINK, operation: 'connect_notes' }).message,
      / If the page shows a code, call connect_notes with it\.$/,
    );
    assert.doesNotMatch(error.told({ link: LINK }).message, /code/);
  });

  it('is told of the page where nobody knows a link', () => {
    assert.match(error.message, /Ask the user to open the gateway's page to connect it\.$/);
  });
});

describe('other reasons to go to a browser', () => {
  it('are told with the link, and with where a code goes', () => {
    const scope = insufficientScope('notes', 'notes:write', true);
    assert.ok(scope instanceof LoginNeeded);
    for (const error of [scope, providerUnavailable('notes', 5)]) {
      const { message } = error.told({ link: LINK, operation: 'connect_notes' });
      assert.ok(message.includes(`sk the user to open ${LINK} to `), message);
      assert.match(message, /call connect_notes with it/);
    }
  });

  it('keep their headers, and a wait has no link of its own', () => {
    const told = providerUnavailable('notes', 5).told({ link: LINK });
    assert.equal(told.headers['retry-after'], '5');
    assert.equal(told.body?.authorize_url, undefined);
  });

  it('have neither link nor code where signing in does not help, or it is not known who asks', () => {
    const hopeless = insufficientScope('notes', 'notes:write', false);
    assert.ok(!(hopeless instanceof LoginNeeded));
    assert.equal(hopeless.body?.authorize_url, undefined);
    const told = { link: LINK, operation: 'connect_notes', howToName: 'Say who you are.' };
    const { message } = identityRequired('notes').told(told);
    assert.match(message, /Say who you are\./);
    assert.doesNotMatch(message, /code/);
  });
});
