import type { Bed } from '../bed/bed.ts';
import type { Proxy } from '../proxy.ts';
import type { Random } from '../random.ts';
import { nothing, type FaultKind, type Heal } from './kind.ts';

const network = (
  name: string,
  weight: number,
  times: { leastMs: number; mostMs: number },
  harm: (proxy: Proxy, random: Random) => Heal,
): FaultKind => ({
  name: `network: ${name}`,
  weight,
  ...times,
  aim: ({ proxies }, random) => chosen(proxies, random)?.name ?? '',
  strike: async ({ proxies }: Bed, target, random) => {
    const proxy = proxies.find((one) => one.name === target);
    return proxy ? harm(proxy, random) : null;
  },
});

/** The roads to source and store carry the dumps, and there is only one of each: they are as likely as all others. */
function chosen(proxies: readonly Proxy[], random: Random): Proxy | undefined {
  const shared = proxies.filter(({ name }) => name.startsWith('to '));
  return random.pick(random.chance(0.5) ? shared : proxies);
}

const delayed = network('delay', 6, { leastMs: 500, mostMs: 3000 }, (proxy, random) => {
  proxy.disturb({ type: 'delay', ms: random.int(10, 150) });
  return () => proxy.heal();
});

const throttled = network('throttle', 5, { leastMs: 500, mostMs: 3000 }, (proxy, random) => {
  proxy.disturb({ type: 'throttle', bytesPerSecond: random.int(50_000, 500_000) });
  return () => proxy.heal();
});

const frozen = network('freeze', 5, { leastMs: 500, mostMs: 6000 }, (proxy) => {
  proxy.disturb({ type: 'freeze' });
  return () => proxy.heal();
});

const reset = network('reset', 8, { leastMs: 0, mostMs: 0 }, (proxy) => {
  proxy.reset();
  return nothing;
});

const halfClosed = network('half-close', 5, { leastMs: 200, mostMs: 2000 }, (proxy, random) =>
  proxy.halfClose(random.chance(0.5) ? 'client' : 'server'),
);

export const networkFaults: readonly FaultKind[] = [delayed, throttled, frozen, reset, halfClosed];
