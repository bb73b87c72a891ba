import type { BackupResult } from '@holdfast/persistence';
import { HoldfastError, type Backup } from '@holdfast/shared/domain';
import { badRequest, Problem } from '../../http/problem.ts';
import { route, type Call } from '../../http/route.ts';
import { withStore } from '../databases/archive.ts';
import { completeArchive } from './complete.ts';
import { remoteDialect as dialect } from './dialect.ts';
import { ownBackup } from './owned.ts';
import { reportBody, successOf, type Success } from './report-body.ts';
import { completingSeconds, tidily } from './store.ts';
import { start } from './start.ts';

type ReportCall = Call<'/api/remote/backups/:backup', unknown, unknown, 'server'>;

const alreadyDone = 'Cannot update the status of a backup that is already marked as completed.';
const noUpload = 'No upload was begun for this backup.';
const gone = 'This backup has failed before and what was stored of it has been removed: ask for a new one.';

export const reportRoute = route({
  method: 'POST',
  path: '/api/remote/backups/:backup',
  dialect,
  scope: 'server',
  audit: { none: 'A remote server reports on work that others asked for.' },
  summary: 'Ends a backup: puts the uploaded parts together, checks the whole, and makes it done; or makes it failed.',
  answers: 204,
  otherwise: {
    400: 'The backup is done already, or what is reported is not what the store has and can never be.',
    409: 'Another backup of its database runs.',
  },
  body: reportBody,
  handler: async (call) => {
    const backup = await ownBackup(call, call.params.backup);
    const success = successOf(call.body);
    if (success) await succeed(call, backup, success);
    else await fail(call, backup);
    return undefined;
  },
});

/**
 * Everything here may be repeated after a failure or a lost answer: what an earlier try has done is found done.
 * @throws Problem 400 for what can never succeed; HoldfastError, with the row as it was, for what may the next time
 */
async function succeed(call: ReportCall, backup: Backup, success: Success): Promise<void> {
  if (backup.status === 'done') return await mustBeSame(call, backup, success);
  if (backup.status === 'scheduled') throw badRequest(noUpload);
  const ended = await keep(call, backup);
  if (ended) return await mustBeSame(call, ended, success);
  await alone(call, backup, () =>
    withStore(call.deps, backup, async (store) => {
      const result = await completeArchive(call, store, backup, success);
      if (!(await record(call, backup, result))) await mustBeSame(call, await ownBackup(call, backup.id), success);
    }),
  );
  call.log.info({ backupId: backup.id, size: success.size }, 'remote backup done');
}

/** Two that wrote the manifest at once could take it from each other. @throws Problem 503 while another is at it */
async function alone({ deps, log }: ReportCall, backup: Backup, run: () => Promise<void>): Promise<void> {
  const { remoteUploads } = deps.persistence;
  if (!(await remoteUploads.find(backup.id))) throw badRequest(noUpload);
  if (!(await remoteUploads.beginCompleting(backup.id, completingSeconds))) {
    throw new Problem(503, 'This backup is just being completed: try again in a moment.', {
      headers: { 'Retry-After': '1' },
    });
  }
  try {
    await run();
  } finally {
    await tidily(log, backup, 'ending the completion', () => remoteUploads.endCompleting(backup.id));
  }
}

/**
 * Sees to it that a backup is not given up, nor its objects swept, while it is being completed.
 * @returns the backup when it is done in the meantime
 */
async function keep({ deps: { persistence }, server }: ReportCall, { id }: Backup): Promise<Backup | null> {
  const { backups } = persistence;
  const heard = await backups.heardOfServer(server.id, id, { silenceSeconds: null, progressBytes: null });
  // What was cancelled and is whole all the same may stay.
  if (heard !== 'lost' || (await backups.reserveRevival(id))) return null;
  const now = await backups.find(id);
  if (now?.status === 'done') return now;
  throw badRequest(gone);
}

/** @returns false when it cannot become done any more, or is already */
async function record({ deps: { persistence } }: ReportCall, backup: Backup, result: BackupResult): Promise<boolean> {
  const { backups } = persistence;
  if (await backups.settle(backup.id, backup.attempt, result)) return true;
  const failed = await backups.reserveRevival(backup.id);
  return failed !== null && (await backups.revive(backup.id, failed.attempt, result));
}

/** A report that comes again, because its answer was lost, is welcome. */
async function mustBeSame({ deps: { persistence } }: ReportCall, backup: Backup, { checksum }: Success): Promise<void> {
  if (backup.status !== 'done') throw badRequest(gone);
  const [file] = await persistence.backups.files(backup.id);
  if (file?.checksum !== `${checksum.type}:${checksum.digest}`) throw badRequest(alreadyDone);
}

async function fail(call: ReportCall, reported: Backup): Promise<void> {
  const { backups, remoteUploads } = call.deps.persistence;
  if (reported.status === 'error') return;
  const backup = reported.status === 'scheduled' ? await start(call, reported) : reported;
  const error = new HoldfastError('remote_failed').toPublic();
  const status = await backups.fail(backup.id, backup.attempt, { error, retryable: false, retryInSeconds: 0 });
  if (status === null && (await backups.find(backup.id))?.status === 'done') throw badRequest(alreadyDone);
  const upload = await remoteUploads.find(backup.id);
  if (upload) {
    await tidily(call.log, backup, 'aborting the upload', () =>
      withStore(call.deps, backup, (store) => store.abortUpload({ ...upload, startedAt: upload.createdAt })),
    );
  }
  call.log.warn({ backupId: backup.id }, 'remote backup failed');
}
