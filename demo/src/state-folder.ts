import { join } from 'node:path';
import { isRoot, reachableByOthers } from '@holdfast/embedded';

const checkout = join(import.meta.dirname, '../..');

/**
 * Where the demo keeps what it makes: in the checkout, or below /var/lib when root runs a checkout that is closed to the user
 * that PostgreSQL then runs as.
 */
export function stateFolder(name: string): string {
  const inside = join(checkout, '.holdfast', name);
  return isRoot() && !reachableByOthers(inside) ? join('/var/lib/holdfast', name) : inside;
}
