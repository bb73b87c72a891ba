import { receiverFaults } from '../bed/receiver.ts';
import type { FaultKind } from './kind.ts';

/** The receiver of notifications answers wrongly, also for longer than an attempt waits. */
const receiver: FaultKind = {
  name: 'webhook receiver',
  weight: 5,
  leastMs: 500,
  mostMs: 12_000,
  aim: () => 'webhook receiver',
  strike: async ({ receiver: server, journal }, _target, random) => {
    const fault = random.pick(receiverFaults) ?? 'refuse';
    journal.write('the receiver answers wrongly', { fault });
    server.misbehave(fault);
    return () => server.behave();
  },
};

export const webhookFaults: readonly FaultKind[] = [receiver];
