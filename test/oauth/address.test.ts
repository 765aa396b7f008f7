/** Which addresses may be reached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressClass, classifyAddress, classOfHost, isAddressAllowed } from '../../src/oauth/address.ts';

const CLASSES: Record<AddressClass, readonly string[]> = {
  loopback: [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::FFFF:7f00:1',
    '64:ff9b::127.0.0.1',
    '2002:7f00:1::',
  ],
  private: [
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '100.127.255.255',
    '198.18.0.1',
    'fc00::1',
    'fd12:3456::1',
    '::ffff:10.1.2.3',
    '64:ff9b::a01:203',
    '2002:a01:203::1',
  ],
  'link-local': ['169.254.0.1', '169.254.169.253', 'fe80::1', 'fe80::1%eth0', '::ffff:169.254.1.1'],
  metadata: [
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
  ],
  reserved: [
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '::',
    '::127.0.0.1',
    'ff02::1',
    'fec0::1',
    '2001::1',
    '2001:db8::1',
    '64:ff9b:1::1',
    '::ffff:0.0.0.0',
    '4000::1',
    'localhost',
    '',
    '127.1',
  ],
  public: [
    '8.8.8.8',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '::ffff:8.8.8.8',
    '2606:4700::1111',
    '64:ff9b::808:808',
    '2002:808:808::1',
  ],
};

for (const [kind, addresses] of Object.entries(CLASSES)) {
  test(`an address is known as ${kind}, in each of its forms`, () => {
    for (const address of addresses) assert.equal(classifyAddress(address), kind, address);
  });
}

test('an address is reached only where it is not more private than the server', () => {
  const allowed: Record<string, readonly AddressClass[]> = {
    '8.8.8.8': Object.keys(CLASSES) as AddressClass[],
    '10.0.0.1': ['private', 'loopback'],
    '127.0.0.1': ['loopback'],
    '169.254.1.1': [],
    '169.254.169.254': [],
    '0.0.0.0': [],
  };
  for (const [address, servers] of Object.entries(allowed)) {
    for (const server of Object.keys(CLASSES) as AddressClass[]) {
      assert.equal(isAddressAllowed(address, server), servers.includes(server), `${address} for ${server}`);
    }
  }
});

test('a host is as public as its most public address', () => {
  assert.equal(classOfHost(['127.0.0.1', '::1']), 'loopback');
  assert.equal(classOfHost(['127.0.0.1', '10.0.0.1']), 'private');
  assert.equal(classOfHost(['127.0.0.1', '8.8.8.8']), 'public');
  assert.equal(classOfHost(['fe80::1', '192.168.1.1']), 'private');
  assert.equal(classOfHost(['169.254.169.254']), 'public');
  assert.equal(classOfHost([]), 'public');
});
