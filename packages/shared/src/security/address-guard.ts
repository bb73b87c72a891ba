import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { HoldfastError } from '../domain/errors.ts';

/**
 * Addresses that an endpoint given by a user must not lead to: this machine, its neighbours, and the metadata services
 * of clouds, all of which trust whoever can connect (server-side request forgery). IANA's special-purpose registries.
 */
const closed: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

const ownAddresses = ['127.0.0.1', '::1'] as const;

/** Decides which addresses a custom endpoint may have. */
export class AddressGuard {
  readonly #closed = asBlockList(closed);
  readonly #allowed: BlockList;

  /** @param allowedNetworks CIDR ranges that are allowed although they are closed by default */
  constructor(allowedNetworks: readonly string[]) {
    this.#allowed = asBlockList(allowedNetworks);
  }

  /** An IPv4 address in IPv6's mapped form counts as the IPv4 address. */
  allows(address: string): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return this.#allowed.check(address, family) || !this.#closed.check(address, family);
  }

  /** @throws HoldfastError store_forbidden_address when the host is an address, not a name, that is not allowed */
  checkLiteral(hostname: string): void {
    const address = hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(address) !== 0 && !this.allows(address)) throw forbidden(hostname, address);
  }

  /**
   * Looks at a host before anything connects to it. A name that does not resolve now passes, for it may later: whatever it
   * resolves to then goes through `guard`.
   * @throws HoldfastError store_forbidden_address
   */
  async checkHost(hostname: string, resolve: LookupFunction, limitMs: number): Promise<void> {
    this.checkLiteral(hostname);
    // Reserved for this machine (RFC 6761), whether or not the resolver knows it.
    if (/(^|\.)localhost\.?$/i.test(hostname) && !ownAddresses.some((address) => this.allows(address))) {
      throw forbidden(hostname, ownAddresses[0]);
    }
    const { promise, resolve: settle } = Promise.withResolvers<unknown>();
    const timer = setTimeout(settle, limitMs, null);
    this.guard(resolve)(hostname.replace(/^\[(.*)\]$/, '$1'), { all: true }, settle);
    const error = await promise;
    clearTimeout(timer);
    if (error instanceof HoldfastError && error.code === 'store_forbidden_address') throw error;
  }

  /**
   * Resolves names for the connections themselves, so that what is checked is what is connected to, also when a name's
   * answer changes between two look-ups. One closed address among several refuses the name.
   */
  guard(resolve: LookupFunction = systemLookup): LookupFunction {
    return (hostname, options, callback) => {
      resolve(hostname, { ...options, all: true }, (error, answer) => {
        const addresses = answer as unknown as LookupAddress[];
        const refused = error ? undefined : addresses.find(({ address }) => !this.allows(address));
        const first = addresses?.[0];
        if (error) callback(error, '');
        else if (refused) callback(forbidden(hostname, refused.address), '');
        else if (options.all) callback(null, addresses);
        else if (first) callback(null, first.address, first.family);
        else callback(new HoldfastError('store_unreachable', `The host ${hostname} has no address.`), '');
      });
    };
  }
}

function asBlockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

function forbidden(hostname: string, address: string): HoldfastError {
  const where = hostname.includes(address)
    ? `The endpoint ${hostname}`
    : `The endpoint ${hostname} resolves to ${address}, which`;
  return new HoldfastError(
    'store_forbidden_address',
    `${where} is inside a private or special network: use a public endpoint, or have the operator add its network to HOLDFAST_ALLOWED_NETWORKS.`,
  );
}
