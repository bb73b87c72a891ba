import type { ArchiveReport } from '../api.ts';
import type { JobRun } from './context.ts';
import { codec, spoolDump } from './spool-dump.ts';
import { upload } from './upload.ts';

/**
 * Makes an archive in the spool and uploads it. Its file stays in the spool, as what was uploaded is worth something only
 * after it was reported.
 */
export async function runBackup(run: JobRun): Promise<ArchiveReport> {
  const { job, source, spool, logger, signal, onBytes } = run;
  const dump = await source.dump({ signal });
  const { plain, stored } = await spoolDump(dump, { spool, jobId: job.id, signal, onBytes }).finally(() => {
    // What became of a file that was written to is worth knowing also where another one failed the archive.
    for (const warning of dump.warnings ?? []) logger.warn(warning);
  });
  logger.info({ plainBytes: plain.size, storedBytes: stored.size }, 'archive made, uploading it');
  const file = { path: spool.path(job.id, 'backup'), size: stored.size };
  const parts = await upload(file, { ...run, backupId: job.backup_id });
  return {
    sha256: stored.digest,
    size: stored.size,
    parts,
    archive: {
      format: dump.format,
      codecs: [codec.name],
      plain: { size: plain.size, sha256: plain.digest },
      tool: dump.tool,
      server_version: dump.serverVersion.slice(0, 200),
    },
  };
}
