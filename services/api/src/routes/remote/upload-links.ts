import { uploadLinks } from '@holdfast/shared/contracts';
import {
  archives,
  attemptPrefix,
  HoldfastError,
  type Backup,
  type ObjectStore,
  type RemoteUploads,
  type UploadLinks,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { badRequest, conflict } from '../../http/problem.ts';
import { route, type Call } from '../../http/route.ts';
import { withStore } from '../databases/archive.ts';
import { remoteDialect as dialect } from './dialect.ts';
import { ownBackup } from './owned.ts';
import { completed, start } from './start.ts';
import { inTime, tidily } from './store.ts';

type LinksCall = Call<'/api/remote/backups/:backup', unknown, { size: number }, 'server'>;

/** Clients look for it when they restore. */
const contentType = 'application/x-gzip';

/** 0 stands for what is no size: that is not a problem of a field in this dialect. */
const size = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)
  .catch(0)
  .meta({ description: 'Bytes of the archive.', examples: ['1073741824'] });

export const uploadLinksRoute = route({
  method: 'GET',
  path: '/api/remote/backups/:backup',
  dialect,
  scope: 'server',
  summary: 'Begins the upload of an archive, anew when one was begun before, and answers where its parts go.',
  answers: 200,
  query: z.object({ size }),
  response: uploadLinks,
  otherwise: {
    400: 'There is no size, or the destination of the backup is not S3.',
    409: 'The backup has ended or was cancelled, or another one of its database runs.',
  },
  handler: async (call) => {
    if (call.query.size === 0) throw badRequest('A non-empty "size" query parameter must be provided.');
    const backup = await ownBackup(call, call.params.backup);
    if (backup.status === 'done' || backup.status === 'error') throw conflict(completed);
    const { urls, partSize } = await withStore(call.deps, backup, async (store) => {
      if (!store.remoteUploads) throw badRequest('The configured backup adapter is not an S3 compatible adapter.');
      return await begin(call, backup, store, store.remoteUploads);
    });
    return { parts: urls, part_size: partSize };
  },
});

async function begin(
  call: LinksCall,
  waiting: Backup,
  store: ObjectStore,
  uploads: RemoteUploads,
): Promise<UploadLinks> {
  const { log, deps } = call;
  const backup = waiting.status === 'scheduled' ? await start(call, waiting) : waiting;
  const key = `${attemptPrefix(backup, backup.attempt)}${archives[backup.engine].fileName}.gz`;
  const links = await open(call, uploads, key);
  const { uploadId, partSize } = links;
  const before = await deps.persistence.remoteUploads.replace({
    backupId: backup.id,
    attempt: backup.attempt,
    key,
    uploadId,
    size: call.query.size,
    partSize,
  });
  if (before) {
    await tidily(log, backup, 'aborting the earlier upload', () =>
      store.abortUpload({ ...before, startedAt: before.createdAt }),
    );
  }
  // Last, so that no upload is left open for work that ended in the meantime.
  const heard = await deps.persistence.backups.heardOfServer(call.server.id, backup.id, {
    silenceSeconds: null,
    progressBytes: null,
  });
  if (heard === 'ok') return links;
  const own = { key, uploadId, startedAt: deps.clock.now() };
  await tidily(log, backup, 'aborting the upload', () => store.abortUpload(own));
  throw conflict(heard === 'cancel' ? 'This backup was cancelled.' : completed);
}

async function open({ deps, query }: LinksCall, uploads: RemoteUploads, key: string): Promise<UploadLinks> {
  const expiresInSeconds = Math.ceil(deps.settings.HOLDFAST_REMOTE_LINK_SECONDS);
  try {
    return await inTime(() => uploads.open(key, { size: query.size, contentType, expiresInSeconds }));
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'store_too_large') throw badRequest(error.message);
    throw error;
  }
}
