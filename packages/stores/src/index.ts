import type { Destination, ObjectStore } from '@holdfast/shared/domain';
import { openLocalStore } from './local/index.ts';
import { openS3Store } from './s3/index.ts';
import type { StoreSettings } from './settings.ts';

export { checkEndpoint } from './s3/check-endpoint.ts';
export type { StoreSettings } from './settings.ts';

/**
 * Opens the store of a destination; nothing is read or sent yet. A new kind of store is a folder here and a line below.
 * @throws HoldfastError configuration, path_outside_root
 */
export function openStore(destination: Destination, settings: StoreSettings): ObjectStore {
  switch (destination.type) {
    case 'local':
      return openLocalStore(destination, settings);
    case 's3':
    case 'custom_s3':
      return openS3Store(destination, settings);
  }
}
