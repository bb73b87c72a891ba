import { BlockList, isIP } from 'node:net';

/** Addresses that a cloud's machines answer with their own credentials at, and ones that no server can have. */
const refused = new BlockList();
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addAddress('100.100.100.200', 'ipv4');
refused.addSubnet('0.0.0.0', 8, 'ipv4');
refused.addSubnet('224.0.0.0', 3, 'ipv4');
refused.addSubnet('fe80::', 10, 'ipv6');
refused.addSubnet('ff00::', 8, 'ipv6');
refused.addAddress('fd00:ec2::254', 'ipv6');
refused.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
refused.addAddress('::', 'ipv6');

const refusedNames = new Set(['metadata', 'metadata.google.internal', 'instance-data', 'instance-data.ec2.internal']);
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/**
 * Checks a host that our programs will connect to. It cannot become a flag, a path or a list of hosts, and it is not one
 * of the link-local addresses where clouds hand out credentials. Names are checked again by their address on connecting.
 * @returns what is wrong, as a predicate, or null
 */
export function hostProblem(host: string): string | null {
  const version = isIP(host);
  if (version !== 0) {
    const isRefused = host.includes('%') || refused.check(host, version === 4 ? 'ipv4' : 'ipv6');
    return isRefused ? 'must not be a link-local, metadata, multicast or unspecified address' : null;
  }
  const name = host.replace(/\.$/, '');
  const labels = name.split('.');
  // A last label that is a number makes the whole an address in one of inet_aton's old notations.
  const isName = name.length <= 253 && labels.every((part) => label.test(part));
  if (!isName || /^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '')) return 'must be a host name or an IP address';
  return refusedNames.has(name.toLowerCase()) ? 'must not be the name of a metadata service' : null;
}
