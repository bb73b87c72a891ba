import type { Import } from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { errorView } from './values.ts';

const count = z.int().min(0);
const named = z.array(z.strictObject({ key: z.string(), reason: z.string() }));

const reportView = z
  .strictObject({
    manifests: count.meta({ description: 'Manifests that the destination holds.' }),
    imported: count.meta({ description: 'Backups that are in the catalogue because of this run.' }),
    known: count.meta({ description: 'Backups that were there before, and were left as they are.' }),
    databases: count.meta({ description: 'Databases that were added, without a connection.' }),
    damaged: named.meta({
      description: 'Of the imported ones, those an object of which is missing or has another size: the first thousand.',
    }),
    damaged_count: count,
    refused: named.meta({ description: 'Manifests that were not imported, and why: the first thousand.' }),
    refused_count: count,
  })
  .meta({ id: 'ImportReport' });

/** The reading of a destination's backups into the catalogue. */
export const importView = z
  .strictObject({
    status: z.enum(['none', 'requested', 'running', 'done', 'failed']),
    requested_at: timeView.nullable(),
    started_at: timeView.nullable(),
    ended_at: timeView.nullable(),
    error: errorView.nullable().meta({ description: 'Why the last one could not be brought to its end.' }),
    report: reportView.nullable().meta({ description: 'Of the last one that came to its end.' }),
  })
  .meta({
    id: 'Import',
    description: 'What came of reading the backups of a destination into the catalogue.',
    examples: [
      {
        status: 'done',
        requested_at: null,
        started_at: '2026-11-20T03:00:00.178Z',
        ended_at: '2026-11-20T03:00:09.802Z',
        error: null,
        report: {
          manifests: 361,
          imported: 360,
          known: 0,
          databases: 4,
          damaged: [],
          damaged_count: 0,
          refused: [
            {
              key: '01991f4c-9a10-7c55-b6d1-597601234ffb/2026/09/01991f4d-3b52-7e4c-8f0a-5b8b36104ffb/a1/manifest.json',
              reason: 'The manifest is damaged: its content does not have the digest that it ends with.',
            },
          ],
          refused_count: 1,
        },
      },
    ],
  });

type View = z.input<typeof importView>;

export function presentImport(found: Import | null): View {
  const report = found?.report ?? null;
  return {
    status: statusOf(found),
    requested_at: presentTime(found?.requestedAt ?? null),
    started_at: presentTime(found?.startedAt ?? null),
    ended_at: presentTime(found?.endedAt ?? null),
    error: found?.error ?? null,
    report: report && {
      manifests: report.manifests,
      imported: report.imported,
      known: report.known,
      databases: report.databases,
      damaged: report.damaged,
      damaged_count: report.damagedCount,
      refused: report.refused,
      refused_count: report.refusedCount,
    },
  };
}

function statusOf(found: Import | null): View['status'] {
  if (!found) return 'none';
  const { startedAt, endedAt, requestedAt, error } = found;
  if (requestedAt) return startedAt && startedAt >= requestedAt ? 'running' : 'requested';
  if (!endedAt) return 'none';
  return error ? 'failed' : 'done';
}
