import type { BackupResult } from '@holdfast/persistence';
import { lineageOf, writeManifest } from '@holdfast/pipeline';
import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import {
  archives,
  attemptPrefix,
  HoldfastError,
  lockTermsOf,
  type Backup,
  type BackupFile,
  type ChecksumType,
  retentionFrom,
  type ObjectRetention,
  type ObjectStore,
} from '@holdfast/shared/domain';
import type { ApiDeps } from '../../deps.ts';
import { badRequest } from '../../http/problem.ts';
import type { Success } from './report-body.ts';
import { inTime } from './store.ts';

/**
 * Puts the parts of an archive together, compares what the store then holds with what was reported, and writes the manifest.
 * @throws Problem 400 when that can never succeed; HoldfastError when it may the next time
 */
export async function completeArchive(
  { deps }: { deps: ApiDeps },
  store: ObjectStore,
  backup: Backup,
  success: Success,
): Promise<BackupResult> {
  const upload = await deps.persistence.remoteUploads.find(backup.id);
  if (!upload || upload.attempt !== backup.attempt) throw badRequest('No upload was begun for this backup.');
  const uploads = store.remoteUploads;
  if (!uploads) throw badRequest('The configured backup adapter is not an S3 compatible adapter.');
  const prefix = attemptPrefix(backup, backup.attempt);
  const file = fileOf(backup, upload.key, prefix, success);
  const manifest = await manifestOf(deps, backup, file, success);
  const retention = await retentionOf(deps, backup);
  return await inTime(async (signal) => {
    const { parts, size } = success;
    try {
      await uploads.complete(upload, { parts, size, signal, retention });
    } catch (error) {
      throw isFinal(error) ? badRequest(error.message) : error;
    }
    const written = await writeManifest(store, prefix, manifest, { signal, retention });
    return {
      files: [file],
      manifestKey: written.key,
      manifestSha256: written.sha256,
      objectLockedUntil: retention?.until ?? null,
    };
  });
}

/** The reported parts or size are not what the store has, or it has nothing any more. */
const isFinal = (error: unknown): error is HoldfastError =>
  error instanceof HoldfastError && (error.code === 'upload_unverified' || error.code === 'object_missing');

/** Until when the archive is locked, where its destination asks for it. */
async function retentionOf(
  { persistence: { destinations, schedules }, clock }: ApiDeps,
  { accountId, databaseId, destinationId, scheduleId }: Backup,
): Promise<ObjectRetention | undefined> {
  const destination = await destinations.find(destinationId);
  const schedule = scheduleId === null ? null : await schedules.findOwned(accountId, databaseId, scheduleId);
  return retentionFrom(clock.now(), destination && lockTermsOf(destination, schedule)) ?? undefined;
}

function fileOf({ id }: Backup, key: string, prefix: string, { size, checksum, archive }: Success): BackupFile {
  return {
    // The only file of its backup bears the same id, so that a repeated report names the same file.
    id,
    backupId: id,
    role: 'dump',
    name: key.slice(prefix.length),
    key,
    size,
    checksum: `${checksum.type}:${checksum.digest}`,
    unencryptedSize: null,
    unencryptedSha256: null,
    plainSize: archive?.plain.size ?? null,
    plainSha256: archive?.plain.sha256 ?? null,
  };
}

async function manifestOf(deps: ApiDeps, backup: Backup, file: BackupFile, success: Success): Promise<Manifest> {
  const { checksum, size, archive } = success;
  const database = await deps.persistence.databases.find(backup.databaseId);
  // What is taken for granted of an archive whose maker did not describe it.
  const { format, codecs } = archive ?? { format: archives[backup.engine].format, codecs: ['gzip' as const] };
  return {
    version: 1,
    backupId: backup.id,
    databaseId: backup.databaseId,
    attempt: backup.attempt,
    name: backup.name,
    engine: backup.engine,
    database: database?.database ?? backup.name,
    serverVersion: archive?.server_version ?? '',
    tool: archive?.tool ?? { name: 'unknown', version: '' },
    lineage: lineageOf(backup),
    recipients: null,
    startedAt: (backup.startedAt ?? backup.createdAt).toISOString(),
    completedAt: deps.clock.now().toISOString(),
    files: [
      {
        id: file.id,
        role: file.role,
        name: file.name,
        key: file.key,
        format,
        codecs,
        plain: archive?.plain ?? null,
        unencrypted: null,
        stored: storedOf(size, checksum),
      },
    ],
  };
}

/** A digest as a manifest has it. */
export function storedOf(
  size: number,
  { type, digest }: { type: ChecksumType; digest: string },
): ManifestFile['stored'] {
  switch (type) {
    case 'sha256':
      return { size, sha256: digest };
    case 'sha1':
      return { size, sha1: digest };
    case 'md5':
      return { size, md5: digest };
  }
}
