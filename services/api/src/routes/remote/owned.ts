import type { Backup, Server } from '@holdfast/shared/domain';
import type { ApiDeps } from '../../deps.ts';
import { forbidden, notFound } from '../../http/problem.ts';
import { absent } from './dialect.ts';

interface ServersCall {
  deps: ApiDeps;
  server: Server;
}

/** @throws Problem 404 when there is no such backup or somebody asked to delete it */
export async function existingBackup({ deps }: ServersCall, id: string): Promise<Backup> {
  const backup = await deps.persistence.backups.find(id);
  if (!backup || backup.deletionRequestedAt !== null) throw notFound(absent);
  return backup;
}

/** The backup of that id, which is the calling server's. @throws Problem 404, 403 */
export async function ownBackup(call: ServersCall, id: string): Promise<Backup> {
  const backup = await existingBackup(call, id);
  if (backup.serverId !== call.server.id) throw notYours();
  return backup;
}

export const notYours = () => forbidden('You do not have permission to access that backup.');
