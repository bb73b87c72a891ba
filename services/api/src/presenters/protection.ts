import type { DatabaseProtection } from '@holdfast/persistence';
import {
  objectiveSources,
  protectionReasons,
  protectionStates,
  serviceNames,
  verificationLevels,
  type ReasonCode,
  type ServiceState,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { presentTime, timeView } from './time.ts';
import { engineView, idView } from './values.ts';

const reasonCodes = Object.keys(protectionReasons) as ReasonCode[];

const fields = {
  state: z.enum(protectionStates),
  reasons: z
    .array(
      z.strictObject({
        code: z.enum(reasonCodes),
        message: z.string().meta({ description: 'What is so, with figures, for people.' }),
        action: z.string().meta({ description: 'What to do, for people.' }),
      }),
    )
    .meta({ description: 'Why it is not protected, the worst first; none when it is.' }),
  objectives: z.strictObject({
    rpo_seconds: z.int().meta({ description: 'What the newest good backup may be old at most.' }),
    level: z.enum(verificationLevels).meta({ description: 'What must be proven of it.' }),
    rto_seconds: z.int().nullable().meta({ description: 'What a restore may take at most; null: nothing is asked.' }),
    source: z.enum(objectiveSources).meta({
      description:
        'Where `rpo_seconds` is from: `set` by somebody, what a `schedule` promises, or a `default` of a day.',
    }),
  }),
  newest_good: z
    .strictObject({
      backup_id: idView,
      level: z.enum(verificationLevels),
      made_at: timeView.meta({ description: 'The moment that its content is of.' }),
      age_seconds: z.int().min(0),
    })
    .nullable()
    .meta({ description: 'The newest good backup of the level that is asked for, however old it is.' }),
  next_slot_at: timeView.nullable().meta({ description: 'When the next backup is planned.' }),
  measured_restore_seconds: z.int().nullable().meta({ description: 'How long the newest restore of it took.' }),
  estimated_restore_seconds: z.int().nullable().meta({
    description: 'Where none was measured and one is asked to be quick: as others of the account went.',
  }),
  since: timeView.nullable().meta({
    description: 'Since when the sentinel finds it in this state; null until it has looked.',
  }),
};

const example: z.input<z.ZodObject<typeof fields>> = {
  state: 'at_risk',
  reasons: [
    {
      code: 'scheduler_silent',
      message: 'No scheduler was heard since 2026-09-02 01:00 UTC: nothing begins its slots.',
      action: protectionReasons.scheduler_silent.action,
    },
  ],
  objectives: { rpo_seconds: 91_860, level: 'stored', rto_seconds: null, source: 'schedule' },
  newest_good: {
    backup_id: '01991f55-2c1e-7a3b-8d44-0e6f1f2a9b77',
    level: 'restorable',
    made_at: '2026-09-02T01:30:00.000Z',
    age_seconds: 3600,
  },
  next_slot_at: '2026-09-03T01:30:00.000Z',
  measured_restore_seconds: 42,
  estimated_restore_seconds: null,
  since: '2026-09-02T01:01:00.000Z',
};

export const protectionView = z.strictObject(fields).meta({
  id: 'Protection',
  description: 'Whether a database is protected, and why not: see docs/protection.md.',
  examples: [example],
});

export const databaseProtectionView = z
  .strictObject({ database: z.strictObject({ id: idView, name: z.string(), type: engineView }), ...fields })
  .meta({
    id: 'DatabaseProtection',
    description: 'The protection of one of the databases.',
    examples: [
      { database: { id: '01991f4c-9a10-7c55-b6d1-597601234ffb', name: 'shop', type: 'postgresql' }, ...example },
    ],
  });

export const serviceView = z
  .strictObject({
    service: z.enum(serviceNames),
    state: z.enum(['running', 'silent']).meta({ description: '`silent`: none was heard for too long.' }),
    last_seen_at: timeView.nullable().meta({ description: 'Null: none was ever heard.' }),
    instances: z.int().min(0).meta({ description: 'How many are heard.' }),
  })
  .meta({
    id: 'ServiceState',
    description: 'One of the services that have to run.',
    examples: [{ service: 'scheduler', state: 'running', last_seen_at: '2026-09-02T07:30:00.000Z', instances: 2 }],
  });

export function presentProtection(judged: DatabaseProtection): z.input<typeof protectionView> {
  const { state, reasons, objectives, newestGood, nextSlotAt, restore, since } = judged;
  return {
    state,
    reasons,
    objectives: {
      rpo_seconds: objectives.rpoSeconds,
      level: objectives.level,
      rto_seconds: objectives.rtoSeconds,
      source: objectives.source,
    },
    newest_good: newestGood && {
      backup_id: newestGood.backupId,
      level: newestGood.level,
      made_at: presentTime(newestGood.madeAt),
      age_seconds: Math.max(0, Math.floor(newestGood.ageSeconds)),
    },
    next_slot_at: presentTime(nextSlotAt),
    measured_restore_seconds: restore?.basis === 'measured' ? restore.seconds : null,
    estimated_restore_seconds: restore?.basis === 'estimated' ? restore.seconds : null,
    since: presentTime(since),
  };
}

export const presentService = ({
  service,
  state,
  lastSeenAt,
  instances,
}: ServiceState): z.input<typeof serviceView> => ({
  service,
  state,
  last_seen_at: presentTime(lastSeenAt),
  instances,
});
