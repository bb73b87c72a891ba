import { definersModes, tlsModes, type Database, type Schedule } from '@holdfast/shared/domain';
import { z } from 'zod';
import { forgottenView, presentForgotten } from './forgotten.ts';
import { hooksView, presentHooks } from './hook.ts';
import { objectivesView, presentObjectives } from './objectives.ts';
import { periodicView, presentPeriodic } from './schedule.ts';
import { presentTime, timeView } from './time.ts';
import { engineView, idView } from './values.ts';

const names = z.array(z.string()).optional();

export const optionsView = z.strictObject({
  sslmode: z.enum(tlsModes).optional(),
  ca: z.string().optional(),
  globals: z.boolean().optional(),
  globals_passwords: z.boolean().optional(),
  ignore: names,
  include: z.strictObject({ schemas: names, tables: names }).optional(),
  exclude: z.strictObject({ schemas: names, tables: names, table_data: names }).optional(),
  definers: z.enum(definersModes).optional(),
  auth_source: z.string().optional(),
});

const onlyDirect = {
  description: 'Null where a remote server backs it up, and where an import brought it and nobody gave it yet.',
};

export const databaseView = z
  .strictObject({
    id: idView,
    name: z.string(),
    type: engineView,
    server_id: z.int().nullable().meta({ description: 'The remote server that backs it up; null: our workers do.' }),
    host: z.string().nullable().meta(onlyDirect),
    port: z.int().nullable().meta(onlyDirect),
    user: z.string().nullable().meta(onlyDirect),
    database: z.string(),
    options: optionsView,
    hooks: hooksView.nullable().meta({ description: 'What is done around its backups; null: nothing.' }),
    destination_id: z.int(),
    objectives: objectivesView.nullable().meta({
      description: 'What is asked of its backups; null: what its policy asks or its schedules promise.',
    }),
    policy_id: idView.nullable().meta({
      description:
        'The policy of a whole server that covers it and says how it is reached; null: it was registered by itself.',
    }),
    vanished_at: timeView.nullable().meta({
      description: 'Since when the server of its policy lists it no more; null while it does.',
    }),
    vanish_expected: z.boolean().nullable().meta({ description: 'What somebody said of that; null: nothing yet.' }),
    ...periodicView.shape,
    ...forgottenView,
    created_at: timeView,
    updated_at: timeView,
  })
  .meta({
    id: 'Database',
    description: 'A registered database, without its password.',
    examples: [
      {
        id: '01991f4c-9a10-7c55-b6d1-597601234ffb',
        name: 'shop',
        type: 'postgresql',
        server_id: null,
        host: 'db.example.org',
        port: 5432,
        user: 'backup',
        database: 'shop',
        options: { sslmode: 'verify-full' },
        hooks: null,
        destination_id: 1,
        objectives: { rpo_seconds: 93_600 },
        policy_id: null,
        vanished_at: null,
        vanish_expected: null,
        periodic_backups_enabled: true,
        periodic_backups_scheduled_at: [3],
        created_at: '2026-09-01T09:30:00.000Z',
        updated_at: '2026-09-01T09:30:00.000Z',
      },
    ],
  });

export function presentDatabase(database: Database, periodic: Schedule | null): z.input<typeof databaseView> {
  return {
    id: database.id,
    name: database.name,
    type: database.type,
    server_id: database.serverId,
    host: database.host,
    port: database.port,
    user: database.user,
    database: database.database,
    options: database.options,
    hooks:
      database.hooks && !database.hooks.forgotten && !database.hooks.unreadable ? presentHooks(database.hooks) : null,
    destination_id: database.destinationId,
    objectives: database.objectives && presentObjectives(database.objectives),
    policy_id: database.policyId,
    vanished_at: presentTime(database.vanishedAt),
    vanish_expected: database.vanishExpected,
    ...presentPeriodic(periodic),
    ...presentForgotten({
      password: database.password,
      hooks: database.hooks?.unreadable ?? database.hooks?.forgotten,
    }),
    created_at: presentTime(database.createdAt),
    updated_at: presentTime(database.updatedAt),
  };
}
