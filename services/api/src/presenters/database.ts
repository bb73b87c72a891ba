import { tlsModes, type Database, type Schedule } from '@holdfast/shared/domain';
import { z } from 'zod';
import { periodicView, presentPeriodic } from './schedule.ts';
import { presentTime, timeView } from './time.ts';
import { engineView, idView } from './values.ts';

const optionsView = z.strictObject({
  sslmode: z.enum(tlsModes).optional(),
  ca: z.string().optional(),
  globals: z.boolean().optional(),
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
    destination_id: z.int(),
    ...periodicView.shape,
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
        destination_id: 1,
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
    destination_id: database.destinationId,
    ...presentPeriodic(periodic),
    created_at: presentTime(database.createdAt),
    updated_at: presentTime(database.updatedAt),
  };
}
