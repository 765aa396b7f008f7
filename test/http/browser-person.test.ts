/** Who a browser is found to be: pure checks, one sign against the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenWebuiConfig } from '../../src/config/model.ts';
import { personAt, sharesHost, soleToken } from '../../src/http/browser-person.ts';
import {
  ANONYMOUS,
  API_KEY_HOLDER,
  openWebuiPrincipal,
  type Principal,
  unverifiedPrincipal,
  visitorPrincipal,
} from '../../src/identity/principal.ts';

const ANN = openWebuiPrincipal('ann');
const BEN = openWebuiPrincipal('ben');
const BASIC: Principal = { id: 'basic:ann', via: 'basic', label: 'ann' };

describe('personAt', () => {
  it('takes one sign of the very person, and no sign against, for that person', () => {
    assert.equal(personAt(ANN.id, ANONYMOUS, ANN), 'cookie');
    assert.equal(personAt(ANN.id, ANN, undefined), 'sign-in');
    assert.equal(personAt(ANN.id, visitorPrincipal('1'), ANN), 'cookie');
    assert.equal(personAt(BASIC.id, BASIC, undefined), 'sign-in');
  });

  it('takes one sign of somebody else for somebody else, whatever the other says', () => {
    assert.equal(personAt(ANN.id, ANONYMOUS, BEN), 'somebody-else');
    assert.equal(personAt(ANN.id, BEN, ANN), 'somebody-else');
    assert.equal(personAt(ANN.id, ANN, BEN), 'somebody-else');
    assert.equal(personAt(ANN.id, BASIC, ANN), 'somebody-else');
    assert.equal(personAt(BASIC.id, { ...BASIC, id: 'basic:ben' }, undefined), 'somebody-else');
  });

  it('knows nobody by a visit, a key of many, or a token that nothing verified', () => {
    for (const nobody of [ANONYMOUS, API_KEY_HOLDER, visitorPrincipal('1'), unverifiedPrincipal('ann')]) {
      assert.equal(personAt(ANN.id, nobody, undefined), 'unknown', nobody.via);
      assert.equal(personAt(nobody.id, nobody, undefined), 'unknown', nobody.via);
    }
  });

  it('holds a user of Open WebUI against no account of another kind', () => {
    assert.equal(personAt(BASIC.id, BASIC, BEN), 'sign-in');
    assert.equal(personAt(BASIC.id, ANONYMOUS, BEN), 'unknown');
    assert.equal(personAt('unverified:ann', ANONYMOUS, ANN), 'unknown');
  });
});

describe('soleToken', () => {
  it('is the one cookie of that very name', () => {
    assert.equal(soleToken('a=1; token=x.y=z; b=2'), 'x.y=z');
    assert.equal(soleToken('token=x'), 'x');
    assert.equal(soleToken('Token=a; __Host-token=b; token=x; mytoken=c'), 'x');
  });

  it('is none where there are two, or where it is empty', () => {
    for (const header of [
      undefined,
      '',
      'a=1',
      'token',
      'token=',
      'token=x; token=x',
      'token=x;token =y',
      'token; token=x',
    ])
      assert.equal(soleToken(header), undefined, header);
  });
});

describe('sharesHost', () => {
  const gateway = new URL('https://tools.example.org:8443/x');
  const shares = (config: Partial<OpenWebuiConfig>) => sharesHost(gateway, config as OpenWebuiConfig);

  it('compares host names, not ports; where people open it decides', () => {
    assert.equal(shares({ url: 'http://tools.example.org:3000' }), true);
    assert.equal(shares({ url: 'http://open-webui:8080', publicUrl: 'https://TOOLS.example.org' }), true);
    assert.equal(shares({ url: 'https://tools.example.org', publicUrl: 'https://chat.example.org' }), false);
    assert.equal(shares({ url: 'https://example.org' }), false);
    assert.equal(shares({}), false);
  });
});
