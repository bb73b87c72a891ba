import { pipeline } from 'node:stream/promises';
import { downloadName, type BackupFile, type ObjectStore } from '@holdfast/shared/domain';
import type { Request, Response } from 'express';
import { notFound, Problem } from '../../http/problem.ts';
import { parseRange } from '../../http/range.ts';
import { bytes, route } from '../../http/route.ts';
import { linkQuery, openedBy } from '../links.ts';
import { checkStored, withStore } from './archive.ts';
import { databaseDialect as dialect } from './dialect.ts';

const download = route({
  method: 'GET',
  path: '/api/databases/:db/backups/:id/download',
  dialect,
  scope: null,
  summary: 'The archive itself. The token in the link is the permission, for this one file until it expires.',
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
        const fileName = downloadName(backup, file);
        await send(request, response, store, { ...file, fileName }, signal);
      });
  },
});

/**
 * Answers HEAD, whole and single-range requests. A stream that fails midway ends the connection before the promised
 * length, so that no client takes the part for the whole.
 */
async function send(
  request: Request,
  response: Response,
  store: ObjectStore,
  file: BackupFile & { fileName: string },
  signal: AbortSignal,
) {
  const etag = `"${file.checksum}"`;
  const ifRange = request.get('if-range');
  const wantsRange = request.method === 'GET' && (ifRange === undefined || ifRange === etag);
  const range = parseRange(wantsRange ? request.get('range') : undefined, file.size);
  if (range === 'unsatisfiable') {
    const headers = { 'Content-Range': `bytes */${file.size}` };
    throw new Problem(416, `The archive has only ${file.size} bytes.`, { headers });
  }
  const part = range === 'all' ? undefined : range;
  const body = request.method === 'HEAD' ? null : await store.get(file.key, { signal, range: part });
  response.attachment(file.fileName).set({
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-store, no-transform',
    'Content-Length': String(part ? part.end - part.start + 1 : file.size),
    'Content-Type': 'application/octet-stream',
    ETag: etag,
  });
  if (part) response.status(206).set('Content-Range', `bytes ${part.start}-${part.end}/${file.size}`);
  if (body) await pipeline(body, response);
  else response.end();
}

export const downloadRoutes = [download];
