import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { FirstCause, isEncrypted, readingStreams } from '@holdfast/pipeline';
import type { Manifest, ManifestFile, RemoteJob } from '@holdfast/shared/contracts';
import { HoldfastError, noKeys, type RestoreReport } from '@holdfast/shared/domain';
import type { JobRun } from './context.ts';
import { download, readManifest } from './download.ts';

type RestoreOrder = NonNullable<RemoteJob['restore']>;

/** Restores one backup. Until the whole archive is here and was found to be the one that was stored, nothing is changed. */
export async function runRestore(run: JobRun): Promise<RestoreReport> {
  const { job, source, logger } = run;
  const order = job.restore;
  if (!order) throw new HoldfastError('configuration', 'The service did not say what is to be restored.');
  const manifest = await readManifest(order.manifest_url, order.manifest_sha256, run);
  if (manifest.engine !== source.type) {
    throw new HoldfastError(
      'configuration',
      `The backup is of a ${manifest.engine}, and not of a ${source.type} as the source here.`,
    );
  }
  const { file, link } = selectDump(manifest, order);
  await download(link, file, run);
  logger.info({ storedBytes: file.stored.size }, 'archive downloaded and verified, restoring it');
  return await feed(file, order, run);
}

/** Of a backup's files only the dump can be restored here. */
function selectDump({ files }: Manifest, order: RestoreOrder): { file: ManifestFile; link: string } {
  const chosen = order.files.flatMap(({ id, url }) => {
    const file = files.find((one) => one.id === id);
    if (!file) throw new HoldfastError('object_missing', `The backup has no file ${id}.`);
    return file.role === 'dump' ? [{ file, link: url }] : [];
  });
  const [first, ...others] = chosen;
  if (!first || others.length > 0) {
    throw new HoldfastError('configuration', `A restore takes exactly one dump of a backup, not ${chosen.length}.`);
  }
  if (isEncrypted(first.file)) {
    throw new HoldfastError(
      'key_missing',
      'The backup is encrypted, and the service has no key that opens it: restore it with age, zstd and its own tools.',
    );
  }
  return first;
}

async function feed(
  file: ManifestFile,
  { target, ownership }: RestoreOrder,
  { job, source, spool, signal, onBytes }: JobRun,
): Promise<RestoreReport> {
  const first = new FirstCause();
  const streams = readingStreams(file, noKeys, first.note, onBytes);
  first.watch(streams);
  const input = streams.at(-1) ?? streams[0];
  const request = {
    target:
      'in_place' in target
        ? ({ mode: 'in_place' } as const)
        : ({ mode: 'new_database', database: target.new_database } as const),
    ownership,
    restoreId: job.id,
  };
  const read = (): Promise<void> =>
    pipeline([createReadStream(spool.path(job.id, 'restore')), ...streams], { signal: first.signal });
  const write = async (): Promise<RestoreReport> => {
    const report = await source.restore(request, input, { signal: first.signal });
    if (!input.readableEnded) {
      throw new HoldfastError('restore_failed', 'The restore ended before it had read the whole archive.');
    }
    return report;
  };
  return first.join(signal, () => [write(), read()]);
}
