import type { FaultKind } from './kind.ts';
import { networkFaults } from './network.ts';
import { processFaults } from './processes.ts';
import { s3Faults } from './s3-protocol.ts';
import { serverFaults } from './servers.ts';
import { webhookFaults } from './webhook.ts';

/** Every way to do harm. */
export const faultKinds: readonly FaultKind[] = [
  ...processFaults,
  ...serverFaults,
  ...networkFaults,
  ...s3Faults,
  ...webhookFaults,
];
