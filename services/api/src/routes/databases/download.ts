import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { backupKeysOf } from '@holdfast/shared/config';
import { downloadName, HoldfastError, type BackupFile } from '@holdfast/shared/domain';
import type { Request, Response } from 'express';
import { notFound, Problem } from '../../http/problem.ts';
import { parseRange } from '../../http/range.ts';
import { bytes, route } from '../../http/route.ts';
import { downloadOf, isDecrypted, type Download } from '../encrypted.ts';
import { linkQuery, openedBy } from '../links.ts';
import { lookAgain } from '../look-again.ts';
import type { Probing } from '../probing.ts';
import { checkStored, withStore } from './archive.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { openContent, type Part } from './file-content.ts';

const download = route({
  method: 'GET',
  path: '/api/databases/:db/backups/:id/download',
  dialect,
  scope: null,
  summary:
    'The archive itself, decrypted where it can be. The token in the link is the permission, for this one file until it expires.',
  answers: 200,
  response: bytes,
  otherwise: { 403: 'The link is not valid or has expired.' },
  query: linkQuery,
  handler: async (call) => {
    const { deps, params, request, signal } = call;
    const { fileId } = openedBy(call, params.id);
    const backup = await deps.persistence.backups.find(params.id);
    const files = backup?.status === 'done' ? await deps.persistence.backups.files(backup.id) : [];
    const file = files.find(({ id }) => id === fileId);
    if (!backup || backup.deletionRequestedAt || backup.databaseId !== params.db || !file)
      throw notFound('This backup has no such archive.');
    return (response) =>
      withStore(deps, backup, async (store) => {
        await checkStored(call, store, file);
        const decrypted = await isDecrypted(deps, backup);
        const content = { backup, file, decrypted, keys: backupKeysOf(deps.settings), store, signal };
        const shown = downloadOf(file, decrypted);
        const fileName = downloadName(backup, shown);
        try {
          await send(request, response, { ...shown, fileName }, (part) => openContent(content, part));
        } catch (error) {
          if (error instanceof HoldfastError && error.code === 'integrity') await flag(call, file, error.message);
          throw error;
        }
      });
  },
});

/** Flags a backup of which damaged bytes were read. */
async function flag(
  call: Probing & { requestId: string },
  { id: fileId, backupId, key }: BackupFile,
  found: string,
): Promise<void> {
  const detail = found.includes(key) ? found : `${key}: ${found}`;
  await call.deps.persistence.backups.markDamaged(backupId, { state: 'changed', detail }, 'verification');
  call.log.error({ alert: 'backup_damaged', backupId, fileId, found }, 'a stored archive is damaged');
  await lookAgain(call, backupId);
}

/**
 * Answers HEAD, whole and single-range requests. A stream that fails midway ends the connection before the promised
 * length, so that no client takes the part for the whole.
 */
async function send(
  request: Request,
  response: Response,
  { size, checksum, fileName }: Download & { fileName: string },
  open: (part: Part | null) => Promise<Readable>,
) {
  const etag = `"${checksum}"`;
  const ifRange = request.get('if-range');
  const wantsRange = request.method === 'GET' && (ifRange === undefined || ifRange === etag);
  const range = parseRange(wantsRange ? request.get('range') : undefined, size);
  if (range === 'unsatisfiable') {
    const headers = { 'Content-Range': `bytes */${size}` };
    throw new Problem(416, `The archive has only ${size} bytes.`, { headers });
  }
  const part = range === 'all' ? null : range;
  const body = request.method === 'HEAD' ? null : await open(part);
  response.attachment(fileName).set({
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-store, no-transform',
    'Content-Length': String(part ? part.end - part.start + 1 : size),
    'Content-Type': 'application/octet-stream',
    ETag: etag,
  });
  if (part) response.status(206).set('Content-Range', `bytes ${part.start}-${part.end}/${size}`);
  if (!body) {
    response.end();
    return;
  }
  // The first bytes of a part of an encrypted file may take a while.
  response.flushHeaders();
  await pipeline(body, response);
}

export const downloadRoutes = [download];
