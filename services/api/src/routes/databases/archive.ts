import {
  downloadName,
  type Backup,
  type BackupFile,
  type Destination,
  type ObjectStore,
} from '@holdfast/shared/domain';
import type { Request } from 'express';
import { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { baseUrl } from '../../http/base-url.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { withinSeconds } from '../../http/time-limit.ts';
import { route } from '../../http/route.ts';
import { isDecrypted } from '../encrypted.ts';
import { probeSeconds, type Probing } from '../probing.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackupOf } from './owned.ts';

/** Opens the store of a backup for as long as `use` takes. */
export async function withStore<T>(
  deps: ApiDeps,
  backup: Backup,
  use: (store: ObjectStore, destination: Destination) => Promise<T>,
): Promise<T> {
  const destination = await destinationOf(deps, backup);
  const store = deps.openStore(destination);
  try {
    return await use(store, destination);
  } finally {
    await store.close();
  }
}

/** @throws Problem 404 */
export async function destinationOf({ persistence }: ApiDeps, { destinationId }: Backup): Promise<Destination> {
  const destination = await persistence.destinations.find(destinationId);
  if (!destination) throw notFound('The destination of this backup does not exist any more.');
  return destination;
}

/**
 * Checks that the store holds a file with its recorded size.
 * @throws Problem 404 when not; the backup is then flagged and an alert raised
 * @throws HoldfastError timed_out when the store does not tell while the client still listens
 */
export async function checkStored(call: Probing, store: ObjectStore, file: BackupFile): Promise<void> {
  const stored = await withinSeconds(probeSeconds, call.signal, () => store.head(file.key));
  if (stored?.size === file.size) return;
  const found = stored ? `has ${stored.size} bytes instead of ${file.size}` : 'is missing';
  const damage = { state: stored ? 'changed' : 'missing', detail: `${file.key} ${found}.` } as const;
  await call.deps.persistence.backups.markDamaged(file.backupId, damage);
  call.log.error(
    { alert: 'backup_damaged', backupId: file.backupId, fileId: file.id, found },
    'a stored archive is damaged',
  );
  throw notFound(`The archive of this backup ${found} in its destination; the backup was flagged as damaged.`);
}

const linkExample = {
  download_url: `https://backups.example.org/api/databases/my-db-123/backups/01991f4d-3b52-7e4c-8f0a-5b8b36104ffb/download?token=token1234`,
};

const archive = route({
  method: 'GET',
  path: '/api/databases/:db/backups/:id/archive',
  dialect,
  scope: 'backups:read',
  audit: 'backup.link',
  summary: 'A link that downloads the archive without a header, until it expires.',
  answers: 200,
  response: z.strictObject({ download_url: z.url() }).meta({ examples: [linkExample] }),
  otherwise: { 409: 'The backup is not done.' },
  handler: async (call) => {
    const { deps } = call;
    const backup = await ownedBackupOf(call, call.params.db, call.params.id);
    if (backup.status !== 'done') throw conflict(`This backup has no archive: its status is ${backup.status}.`);
    const file = (await deps.persistence.backups.files(backup.id)).find(({ role }) => role === 'dump');
    if (!file) throw notFound('This backup has no archive.');
    return await withStore(deps, backup, async (store) => {
      await checkStored(call, store, file);
      return { download_url: await fileLink(call, store, backup, file) };
    });
  },
});

/** What links are made for. */
export interface Linking {
  deps: ApiDeps;
  request: Request;
}

/** A link that downloads a file without a header, until it expires: the store's own or one to our download. */
export async function fileLink(call: Linking, store: ObjectStore, backup: Backup, file: BackupFile): Promise<string> {
  const expiresInSeconds = call.deps.settings.HOLDFAST_LINK_SECONDS;
  // The store's own link would bring down what is encrypted.
  const link = (await isDecrypted(call.deps, backup))
    ? null
    : await store.link(file.key, { expiresInSeconds, fileName: downloadName(backup, file) });
  return link ?? `${baseUrl(call)}${downloadPath(backup, file, call.deps, expiresInSeconds)}`;
}

/** The path and query of our own download of a file, for stores whose objects have no links of their own. */
export function downloadPath(
  backup: Backup,
  file: BackupFile,
  { clock, linkSigner }: ApiDeps,
  expiresInSeconds: number,
): string {
  const expires = Math.floor(clock.now().getTime() / 1000 + expiresInSeconds);
  const token = linkSigner.sign({ backupId: backup.id, fileId: file.id, expires });
  return `/api/databases/${backup.databaseId}/backups/${backup.id}/download?token=${token}`;
}

export const archiveRoutes = [archive];
