import { readStoredManifest, type StoredManifest } from '@holdfast/pipeline';
import type { Manifest } from '@holdfast/shared/contracts';
import {
  attemptOfKey,
  HoldfastError,
  manifestName,
  toHoldfastError,
  type ObjectStore,
  type PublicError,
} from '@holdfast/shared/domain';
import type { Deps } from './deps.ts';
import { UsageError } from './usage.ts';

/** Manifests that are read at once. */
const readAtOnce = 8;

/** A backup by what the store holds of it. */
export type StoredBackup = StoredManifest & { manifest: Manifest };

/** What a store holds, the newest backup first. */
export interface Catalogue {
  backups: StoredBackup[];
  /** Manifests that cannot be read, and why. */
  unreadable: { key: string; error: PublicError }[];
}

/** Reads the manifests whose keys are wanted. @throws HoldfastError when the store cannot be read */
export async function readCatalogue(
  store: ObjectStore,
  signal: AbortSignal,
  isWanted: (key: string) => boolean = () => true,
): Promise<Catalogue> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) {
    signal.throwIfAborted();
    if (key.endsWith(`/${manifestName}`) && isWanted(key)) keys.push(key);
  }
  const catalogue: Catalogue = { backups: [], unreadable: [] };
  const rest = keys.values();
  const lane = async (): Promise<void> => {
    for (const key of rest) {
      try {
        catalogue.backups.push(await readStoredManifest(store, key, signal));
      } catch (thrown) {
        signal.throwIfAborted();
        const error = toHoldfastError(thrown);
        if (!['integrity', 'object_missing', 'configuration'].includes(error.code)) throw error;
        catalogue.unreadable.push({ key, error: error.toPublic() });
      }
    }
  };
  await Promise.all(Array.from({ length: readAtOnce }, lane));
  catalogue.backups.sort((one, other) => timeOf(other) - timeOf(one) || (one.key < other.key ? -1 : 1));
  catalogue.unreadable.sort((one, other) => (one.key < other.key ? -1 : 1));
  return catalogue;
}

const timeOf = ({ manifest }: StoredBackup): number => new Date(manifest.completedAt).getTime();

const isOf = ({ manifest }: StoredBackup, database: string): boolean =>
  manifest.databaseId === database.toLowerCase() || manifest.lineage.databaseName === database;

export const ofDatabase = (backups: readonly StoredBackup[], database: string): StoredBackup[] =>
  backups.filter((backup) => isOf(backup, database));

const latest = 'latest:';

/**
 * Finds the backup that was asked for.
 * @throws UsageError when there is none, or more than one. HoldfastError integrity when its manifest cannot be read
 */
export async function findBackup(
  { store, signal, say }: Pick<Deps, 'store' | 'signal' | 'say'>,
  asked: string,
): Promise<StoredBackup> {
  if (asked.startsWith(latest)) {
    const name = asked.slice(latest.length);
    const { backups, unreadable } = await readCatalogue(store, signal);
    // A newer one may be among them.
    if (unreadable.length > 0) say(`${unreadable.length} manifests here cannot be read: list names them.`);
    const [found] = ofDatabase(backups, name);
    if (found) return found;
    throw new UsageError(`There is no backup of a database "${name}" here: list shows what there is.`);
  }
  const beginning = asked.toLowerCase();
  if (!/^[0-9a-f-]{4,36}$/.test(beginning)) {
    throw new UsageError(
      'A backup is named by its id, by four or more characters of its beginning, or by latest:NAME.',
    );
  }
  const idOf = (key: string): string => attemptOfKey(key)?.backupId ?? '';
  const { backups, unreadable } = await readCatalogue(store, signal, (key) => idOf(key).startsWith(beginning));
  const ids = new Set([...backups, ...unreadable].map(({ key }) => idOf(key)));
  if (ids.size > 1) throw new UsageError(`${ids.size} backups begin with ${asked}: give more of the id.`);
  const [found] = backups;
  if (found) return found;
  const [bad] = unreadable;
  if (bad) throw new HoldfastError(bad.error.code, bad.error.message);
  throw new UsageError(`There is no backup ${asked} here: list shows what there is.`);
}
