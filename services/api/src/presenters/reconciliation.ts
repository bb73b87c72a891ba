import type { Orphan, Reconciliation } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { bytesView, errorView } from './values.ts';

const count = z.int().min(0);

const reportView = z
  .strictObject({
    objects: count.meta({ description: 'Objects that the destination held.' }),
    bytes: bytesView,
    uploads: count.meta({ description: 'Unfinished uploads.' }),
    backups: count.meta({ description: 'Backups whose objects were looked for.' }),
    missing: count.meta({ description: 'Backups an object of which is not there.' }),
    changed: count.meta({ description: 'Backups an object of which has another size.' }),
    recovered: count.meta({ description: 'Backups that were damaged and are whole again.' }),
    orphans: count.meta({ description: 'Objects and uploads that no record owns.' }),
    known: count.meta({ description: 'Those of them that Holdfast left behind and removes after a while.' }),
    removed: count,
  })
  .meta({ id: 'ReconciliationReport' });

const orphanView = z
  .strictObject({
    kind: z.enum(['object', 'upload']),
    key: z.string(),
    upload_id: z.string().nullable(),
    size: bytesView.nullable(),
    known: z.boolean().meta({
      description: 'Whether a record says that Holdfast left it behind; everything else is listed and never touched.',
    }),
    first_seen_at: timeView,
    last_seen_at: timeView,
    removed_at: timeView.nullable(),
  })
  .meta({ id: 'Orphan', description: 'What a destination holds and no record owns.' });

/** The comparisons of the catalogue with what a destination holds. */
export const reconciliationView = z
  .strictObject({
    status: z.enum(['none', 'requested', 'running', 'done', 'failed']),
    requested_at: timeView.nullable(),
    due_at: timeView.nullable(),
    started_at: timeView.nullable(),
    ended_at: timeView.nullable(),
    succeeded_at: timeView.nullable(),
    error: errorView.nullable().meta({ description: 'Why the last one could not be brought to its end.' }),
    report: reportView.nullable().meta({ description: 'Of the last one that came to its end.' }),
    orphans: z.array(orphanView).meta({ description: 'The latest ones.' }),
  })
  .meta({
    id: 'Reconciliation',
    description: 'What came of comparing the backups with what their destination holds.',
    examples: [
      {
        status: 'done',
        requested_at: null,
        due_at: '2026-11-21T03:00:00.178Z',
        started_at: '2026-11-20T03:00:00.178Z',
        ended_at: '2026-11-20T03:00:09.802Z',
        succeeded_at: '2026-11-20T03:00:09.802Z',
        error: null,
        report: {
          objects: 721,
          bytes: 17_484_513_608,
          uploads: 0,
          backups: 360,
          missing: 0,
          changed: 0,
          recovered: 0,
          orphans: 1,
          known: 0,
          removed: 0,
        },
        orphans: [
          {
            kind: 'object',
            key: 'notes.txt',
            upload_id: null,
            size: 120,
            known: false,
            first_seen_at: '2026-11-18T03:00:04.000Z',
            last_seen_at: '2026-11-20T03:00:09.000Z',
            removed_at: null,
          },
        ],
      },
    ],
  });

type View = z.input<typeof reconciliationView>;

export function presentReconciliation(found: Reconciliation | null, orphans: readonly Orphan[]): View {
  return {
    status: statusOf(found),
    requested_at: presentTime(found?.requestedAt ?? null),
    due_at: presentTime(found?.dueAt ?? null),
    started_at: presentTime(found?.startedAt ?? null),
    ended_at: presentTime(found?.endedAt ?? null),
    succeeded_at: presentTime(found?.succeededAt ?? null),
    error: found?.error ?? null,
    report: found?.report ?? null,
    orphans: orphans.map(presentOrphan),
  };
}

function statusOf(found: Reconciliation | null): View['status'] {
  if (!found) return 'none';
  const { startedAt, endedAt, requestedAt, error } = found;
  if (startedAt && (!endedAt || endedAt < startedAt)) return 'running';
  if (requestedAt) return 'requested';
  if (!endedAt) return 'none';
  return error ? 'failed' : 'done';
}

const presentOrphan = (orphan: Orphan): z.input<typeof orphanView> => ({
  kind: orphan.kind,
  key: orphan.key,
  upload_id: orphan.kind === 'upload' ? orphan.uploadId : null,
  size: orphan.size,
  known: orphan.known,
  first_seen_at: presentTime(orphan.firstSeenAt),
  last_seen_at: presentTime(orphan.lastSeenAt),
  removed_at: presentTime(orphan.removedAt),
});
