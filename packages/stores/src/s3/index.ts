import type { Ids, ObjectStore, S3Destination } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import type { StoreSettings } from '../settings.ts';
import { S3Connection } from './connection.ts';
import { defaultOptions, type S3Options } from './options.ts';
import { Patience } from './outage.ts';
import { planParts } from './parts.ts';
import { wantsEqualParts } from './provider.ts';
import { S3Store } from './store.ts';

/** @throws HoldfastError configuration */
export function openS3Store(
  destination: S3Destination,
  settings: StoreSettings,
  changed: Partial<S3Options> = {},
  ids: Ids = systemIds,
): ObjectStore {
  const options = { ...defaultOptions, ...changed };
  const connection = new S3Connection(destination, settings, options);
  const deleting = destination.deletionKeys ? new S3Connection(destination, settings, options, 'deletion') : connection;
  const { endpoint, maxParts } = connection.target;
  const plan = planParts({
    maxParts,
    equalParts: options.equalParts ?? wantsEqualParts(endpoint),
    ...(options.firstPart === null ? {} : { firstPart: options.firstPart }),
  });
  const { patienceSeconds, partConcurrency: concurrency } = settings;
  const { pauses, furtherTrials } = options;
  const patience = new Patience({ patienceSeconds, pauses, furtherTrials, clock: systemClock, ids });
  const { objectLock } = destination.settings;
  const connections = { connection, deleting, locks: objectLock !== undefined && objectLock !== null };
  return new S3Store(connections, { plan, concurrency, options, patience }, ids);
}
