import { backupMethods, deletionStates, type Deletion } from '@holdfast/shared/domain';
import { z } from 'zod';
import { statusView } from './backup.ts';
import { presentTime, timeView } from './time.ts';
import { bytesView, errorView, idView } from './values.ts';

/** How the deletion of a backup goes. */
export const deletionView = z
  .strictObject({
    id: idView.meta({ description: "The backup's." }),
    name: z.string(),
    created_at: timeView,
    status: statusView,
    method: z.enum(backupMethods),
    size: bytesView.nullable(),
    state: z.enum(deletionStates).meta({
      description:
        '`marked` (can be undeleted), then `removing`; `failed` while the store refuses, which is tried again; `deleted` when the store lists none of its objects any more.',
    }),
    reason: z.string().nullable().meta({ description: 'Why retention lets it go; null when somebody asked for it.' }),
    requested_at: timeView,
    due_at: timeView.meta({ description: 'Its objects are removed from then on.' }),
    begun_at: timeView.nullable().meta({ description: 'From then on it cannot be undeleted.' }),
    deleted_at: timeView.nullable(),
    failures: z.int().min(0).meta({ description: 'How often the removal of its objects has failed.' }),
    error: errorView.nullable().meta({ description: 'Why it failed the last time.' }),
  })
  .meta({
    id: 'Deletion',
    description: 'How the deletion of a backup goes.',
    examples: [
      {
        id: '01991f4d-3b52-7e4c-8f0a-5b8b36104ffb',
        name: '20260902010000_kibana-3938',
        created_at: '2026-09-02T01:00:00.178Z',
        status: 'done',
        method: 'periodic',
        size: 17_484_513_608,
        state: 'marked',
        reason: null,
        requested_at: '2026-10-02T01:05:00.000Z',
        due_at: '2026-10-03T01:05:00.000Z',
        begun_at: null,
        deleted_at: null,
        failures: 0,
        error: null,
      },
    ],
  });

export function presentDeletion(deletion: Deletion): z.input<typeof deletionView> {
  const { backup, state, failures, error } = deletion;
  return {
    id: backup.id,
    name: backup.name,
    created_at: presentTime(backup.createdAt),
    status: backup.status,
    method: backup.method,
    size: backup.size,
    state,
    reason: backup.deletionReason,
    requested_at: presentTime(deletion.requestedAt),
    due_at: presentTime(deletion.dueAt),
    begun_at: presentTime(deletion.begunAt),
    deleted_at: presentTime(deletion.deletedAt),
    failures,
    error,
  };
}
