/** Which network addresses a URL that came from the network may lead to. */
import { BlockList, isIP } from 'node:net';

/** `metadata`: where clouds hand out credentials. `reserved`: what is no address of a single host. */
export type AddressClass = 'loopback' | 'private' | 'link-local' | 'metadata' | 'reserved' | 'public';

type Networks = readonly (readonly [Exclude<AddressClass, 'public'>, string])[];

/** RFC 6890 and what clouds use. The first that matches holds, so the narrow ones come first. */
const IPV4: Networks = [
  // The first is AWS', Google's and Azure's; then AWS' containers, Alibaba, Oracle, Azure's wire server.
  [
    'metadata',
    '169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 100.100.100.200/32 192.0.0.192/32 168.63.129.16/32',
  ],
  ['loopback', '127.0.0.0/8'],
  ['link-local', '169.254.0.0/16'],
  // 100.64/10 is for carriers and VPNs; 198.18/15 is what some local resolvers answer for every name.
  ['private', '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 198.18.0.0/15'],
  [
    'reserved',
    '0.0.0.0/8 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
  ],
];

const IPV6: Networks = [
  // AWS' machines and containers, Google, Scaleway.
  ['metadata', 'fd00:ec2::254/128 fd00:ec2::23/128 fd20:ce::254/128 fd00:42::42/128'],
  ['loopback', '::1/128'],
  ['link-local', 'fe80::/10'],
  ['private', 'fc00::/7'],
  // 2001::/23 has Teredo, which disguises the address that it carries.
  ['reserved', '2001::/23 2001:db8::/32 3fff::/20'],
];

/** IPv6 with an IPv4 address inside: NAT64 (RFC 6052) and 6to4 (RFC 3056). BlockList knows the mapped form itself. */
const CARRIERS: readonly { readonly bits: number; readonly around: (ipv4: string) => string }[] = [
  { bits: 96, around: (ipv4) => `64:ff9b::${ipv4}` },
  { bits: 16, around: (ipv4) => `2002:${ipv4}::` },
];

const SPECIAL = [...IPV4.map(withCarried), ...IPV6].map(([kind, networks]) => [kind, listOf(networks)] as const);

/** An allowlist, because most of IPv6 is not in use: global unicast, NAT64, and IPv4 in its mapped form. */
const PERHAPS_PUBLIC = listOf('2000::/3 64:ff9b::/96 ::ffff:0:0/96');

/**
 * Class of an IPv4 or IPv6 address in text; what is no address is `reserved`. A form of IPv6 that carries an IPv4
 * address has the class of that one.
 */
export function classifyAddress(address: string): AddressClass {
  const version = isIP(address);
  if (version === 0) return 'reserved';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const special = SPECIAL.find(([, list]) => list.check(address, family));
  if (special !== undefined) return special[0];
  return version === 4 || PERHAPS_PUBLIC.check(address, family) ? 'public' : 'reserved';
}

/** The other classes are never reached, whoever asks. */
const PRIVACY: Readonly<Partial<Record<AddressClass, number>>> = { public: 0, private: 1, loopback: 2 };

/**
 * Whether `address` may be reached on behalf of a configured server of class `server`: never where it is more private
 * than that server, and never where it is link-local, reserved or hands out credentials.
 */
export function isAddressAllowed(address: string, server: AddressClass): boolean {
  const privacy = PRIVACY[classifyAddress(address)];
  return privacy !== undefined && privacy <= (PRIVACY[server] ?? 0);
}

/** Class of a host with these addresses: that of the most public one, so that a private one beside it opens nothing. */
export function classOfHost(addresses: readonly string[]): AddressClass {
  const classes = addresses.map(classifyAddress);
  return (['public', 'private', 'loopback'] as const).find((kind) => classes.includes(kind)) ?? 'public';
}

function withCarried([kind, networks]: Networks[number]): Networks[number] {
  const carried = networks.split(' ').flatMap((network) => {
    const [address = '', bits] = network.split('/');
    return CARRIERS.map((carrier) => `${carrier.around(inHex(address))}/${carrier.bits + Number(bits)}`);
  });
  return [kind, [networks, ...carried].join(' ')];
}

/** `10.1.2.3` as the two groups `a01:203`; for the constants above. */
function inHex(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function listOf(networks: string): BlockList {
  const list = new BlockList();
  for (const network of networks.split(' ')) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}
