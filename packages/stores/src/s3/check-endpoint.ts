import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { StoreSettings } from '../settings.ts';
import { AddressGuard } from '@holdfast/shared/security';
import { checkedEndpoint } from './target.ts';

const lookupLimitMs = 2000;

/**
 * Tells early that an endpoint is, or now resolves to, an address that no connection will be made to. It replaces nothing:
 * each connection is guarded by itself, because names change.
 * @throws HoldfastError configuration, store_forbidden_address
 */
export async function checkEndpoint(
  endpoint: string,
  { allowedNetworks }: Pick<StoreSettings, 'allowedNetworks'>,
  lookup: LookupFunction = systemLookup,
): Promise<void> {
  await new AddressGuard(allowedNetworks).checkHost(checkedEndpoint(endpoint).hostname, lookup, lookupLimitMs);
}
