import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { backupKeysOf } from '@holdfast/shared/config';
import {
  allows,
  downloadName,
  HoldfastError,
  systemActor,
  type Backup,
  type BackupFile,
} from '@holdfast/shared/domain';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { AuditNote } from '../../audit/described.ts';
import { credentialsOf } from '../../auth/token.ts';
import type { ApiDeps } from '../../deps.ts';
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
import { ownedBackupOf } from './owned.ts';

const download = route({
  method: 'GET',
  path: '/api/databases/:db/backups/:id/download',
  dialect,
  scope: null,
  audit: 'backup.download',
  summary:
    'The archive itself, decrypted where it can be. The token in the link is the permission, for this one file until it expires; whoever is signed in with the scope `backups:read` needs none.',
  answers: 200,
  response: bytes,
  otherwise: { 403: 'The link is not valid or has expired.' },
  query: linkQuery.extend({
    file: z
      .uuid()
      .optional()
      .meta({
        description: 'Without a token in the link: which file of the backup. Its dump when absent.',
        examples: ['01991f4e-77aa-7d3e-9c21-045c31f2234c'],
      }),
  }),
  handler: async (call) => {
    const { deps, request, signal } = call;
    const { backup, isWanted } = (await foundBySession(call)) ?? (await foundByLink(call));
    const files = backup?.status === 'done' ? await deps.persistence.backups.files(backup.id) : [];
    const file = files.find(isWanted);
    if (!backup || backup.deletionRequestedAt || !file) throw notFound('This backup has no such archive.');
    const { accountId, id, name } = backup;
    call.note({ accountId, object: { id, name }, details: { file: file.name } });
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

interface Asking {
  deps: ApiDeps;
  request: Request;
  params: { db: string; id: string };
  query: { token?: unknown; file?: string | undefined };
  note: (more: AuditNote) => void;
}

interface Found {
  backup: Backup | null;
  isWanted: (file: BackupFile) => boolean;
}

/** What a link opens. @throws Problem 403 */
async function foundByLink(call: Asking): Promise<Found> {
  const { id, db } = call.params;
  const { fileId } = openedBy(call, id);
  call.note({ actor: systemActor('a download link') });
  const backup = await call.deps.persistence.backups.find(id);
  return { backup: backup?.databaseId === db ? backup : null, isWanted: (file) => file.id === fileId };
}

/** What somebody asks for who is signed in and brings no link. @throws Problem 404 where it is not theirs */
async function foundBySession({ deps, request, params, query, note }: Asking): Promise<Found | null> {
  if (query.token !== undefined) return null;
  const token = (await credentialsOf(request, deps, { browsers: false }))?.token;
  if (!token || !allows(token.scopes, 'backups:read')) return null;
  const backup = await ownedBackupOf({ deps, accountId: token.accountId }, params.db, params.id);
  const { file } = query;
  note({ actor: { type: 'token', id: token.id, name: token.name } });
  return { backup, isWanted: file === undefined ? ({ role }) => role === 'dump' : ({ id }) => id === file };
}

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
