import { isIP } from 'node:net';
import { ipKeyGenerator } from 'express-rate-limit';
import type { Request } from 'express';

/** What stands for a client before it is known: its IPv4 address, or its IPv6 network of 56 bits, which one customer gets. */
export function clientNetwork({ ip = '', socket }: Request): string {
  // A trusted proxy may pass on what is no address.
  const address = isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip;
  return ipKeyGenerator(address.replace(/%.*$/, ''));
}
