import { HoldfastError } from '@holdfast/shared/domain';
import { route } from '../../http/route.ts';
import { remoteDialect as dialect } from './dialect.ts';
import { existingBackup, notYours } from './owned.ts';
import { restoreReportBody } from './report-body.ts';

export const restoreReportRoute = route({
  method: 'POST',
  path: '/api/remote/backups/:backup/restore',
  dialect,
  scope: 'server',
  audit: { none: 'A remote server reports on work that others asked for.' },
  summary: 'Ends the restore of a backup that the server is at; nothing happens when there is none.',
  answers: 204,
  body: restoreReportBody,
  handler: async (call) => {
    const { restores } = call.deps.persistence;
    const { server, log } = call;
    const backup = await existingBackup(call, call.params.backup);
    // A server may restore what was backed up elsewhere.
    const restore = await restores.findRunningOfServer(server.id, backup.id);
    if (!restore && backup.serverId !== server.id) throw notYours();
    if (!restore) return undefined;
    const { id, attempt } = restore;
    if (call.body.successful) {
      await restores.settle(
        id,
        attempt,
        `The remote server "${server.name}" reported that it has restored the backup.`,
      );
      log.info({ restoreId: id }, 'remote restore done');
    } else {
      const error = new HoldfastError('remote_failed').toPublic();
      await restores.fail(id, attempt, { error, retryable: false, retryInSeconds: 0 });
      log.warn({ restoreId: id }, 'remote restore failed');
    }
    return undefined;
  },
});
