import type { UndoRefusal } from '@holdfast/persistence';
import { conflict, invalid } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { restoreView } from '../../presenters/restore.ts';
import { ringFor } from '../restoring.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedRestoreOf } from './owned.ts';
import { showRestore } from './shown.ts';

const refusals: Record<Exclude<UndoRefusal, 'busy'>, string> = {
  not_in_place: 'Only a restore in place can be undone. To go back and forth, undo that restore again.',
  not_done: 'This restore has not come to a good end: there is nothing to undo.',
  former_missing:
    'The former content of this restore is not kept, or not any more: restore a backup of the time before.',
  superseded: 'A later restore in place has replaced what this one brought: undo the newest one.',
};

const undo = route({
  method: 'POST',
  path: '/api/databases/:db/backup_restorations/:rid/undo',
  dialect,
  scope: 'restores:create',
  audit: 'restore.undo',
  summary:
    'Swaps the former content of a restore in place back, as a restore of its own; what the restore had brought is then kept until the same time.',
  answers: 201,
  creates: true,
  response: restoreView,
  otherwise: {
    409: 'Its former content is not kept (any more), a later restore in place went over it, or another restore onto the same target waits or runs.',
    422: 'It was done by a remote server, which keeps no former content.',
  },
  finds: (call) => ownedRestoreOf(call, call.params.db, call.params.rid),
  handler: async (call, restore) => {
    const { deps, accountId, requestId, resourceId } = call;
    if (restore.serverId !== null) {
      throw invalid({ rid: ['The restore was done by a remote server, which keeps no former content to go back to.'] });
    }
    const made = await deps.persistence.restores.createUndo({
      id: resourceId,
      accountId,
      databaseId: restore.databaseId,
      restoreId: restore.id,
      requestId,
      maxFailures: deps.settings.HOLDFAST_MAX_FAILURES,
    });
    if (typeof made === 'string' && made !== 'busy') throw conflict(refusals[made]);
    return await showRestore(deps, await ringFor(call, made));
  },
});

export const undoRoutes = [undo];
