import { HoldfastError, type Ids, type LocalDestination, type ObjectStore } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import type { StoreSettings } from '../settings.ts';
import { Root } from './root.ts';
import { LocalStore } from './store.ts';

/** @throws HoldfastError configuration, path_outside_root */
export function openLocalStore(
  destination: LocalDestination,
  settings: StoreSettings,
  ids: Ids = systemIds,
): ObjectStore {
  if (settings.localRoot === null) {
    throw new HoldfastError(
      'configuration',
      `The destination "${destination.label}" is a local folder, which this service does not allow: set HOLDFAST_LOCAL_ROOT to the folder that local destinations may use.`,
    );
  }
  return new LocalStore(new Root(settings.localRoot, destination.settings.path), ids);
}
