import type { Backup, Server } from '@holdfast/shared/domain';
import type { ApiDeps } from '../../deps.ts';
import { conflict } from '../../http/problem.ts';

export const completed = 'This backup is already in a completed state.';

/**
 * Begins a backup for a server that does not claim its work.
 * @throws Problem 409 when another backup of the same database runs
 */
export async function start(call: { deps: ApiDeps; server: Server }, { id }: Backup): Promise<Backup> {
  const { persistence, settings } = call.deps;
  const seconds = Math.ceil(settings.HOLDFAST_REMOTE_DEADLINE_SECONDS);
  const started = await persistence.backups.claimOfServer(call.server.id, seconds, id);
  if (started) return started;
  const now = await persistence.backups.find(id);
  // Another request of the same server may have begun it at the same moment.
  if (now?.status === 'pending') return now;
  throw conflict(
    now?.status === 'scheduled' ? 'Another backup of this database is running: wait until it has ended.' : completed,
  );
}
