import { z } from 'zod';
import { wholeNumber } from '../../http/fields.ts';
import { notFound } from '../../http/problem.ts';
import { ringForNew } from '../ring.ts';
import { route } from '../../http/route.ts';
import { backupView } from '../../presenters/backup.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackup, ownedBackupOf, ownedDatabase } from './owned.ts';
import { requireReach } from './reach.ts';
import { showBackup, showBackups } from './shown.ts';

const shown = z.strictObject({ database_backup: backupView });
const most = 1000;

const list = route({
  method: 'GET',
  path: '/api/databases/:db/backups',
  dialect,
  scope: 'backups:read',
  summary: 'The backups of a database, newest first.',
  answers: 200,
  query: z.object({
    limit: wholeNumber(1, most)
      .optional()
      .meta({ description: 'All of them when absent.', examples: ['50'] }),
    before: z
      .string()
      .optional()
      .meta({
        description: 'The id of the last one of the page before.',
        examples: ['0199c0de-0000-7000-8000-000000000000'],
      }),
  }),
  response: z.strictObject({ database_backups: z.array(backupView) }),
  finds: (call) => ownedDatabase(call, call.params.db),
  handler: async (call, database) => {
    const { limit, before = null } = call.query;
    const page = limit === undefined && before === null ? undefined : { limit: limit ?? most, before };
    const found = await call.deps.persistence.backups.listOfDatabase(database.id, page);
    return { database_backups: await showBackups(call.deps, found) };
  },
});

const create = route({
  method: 'POST',
  path: '/api/databases/:db/backups',
  dialect,
  scope: 'backups:create',
  audit: 'backup.create',
  summary: 'Asks for a backup, which is queued behind those of the same database.',
  answers: 201,
  creates: true,
  response: shown,
  body: z
    .object({})
    .optional()
    .meta({ description: 'May be empty or absent.', examples: [{}] }),
  finds: (call) => ownedDatabase(call, call.params.db),
  otherwise: { 409: 'It came from an import and has no connection yet.' },
  handler: async (call, database) => {
    requireReach(database);
    const backup = await call.deps.persistence.backups.create({
      id: call.resourceId,
      databaseId: database.id,
      destinationId: null,
      method: 'manual',
      requestId: call.requestId,
      maxFailures: call.deps.settings.HOLDFAST_MAX_FAILURES,
    });
    if (!backup) throw notFound('This database does not exist.');
    // A remote server asks for its work by itself.
    if (backup.serverId === null) await ringForNew(call, 'backup', backup.id);
    return { database_backup: await showBackup(call.deps, backup) };
  },
});

const show = route({
  method: 'GET',
  path: '/api/databases/:db/backups/:id',
  dialect,
  scope: 'backups:read',
  summary: 'One backup of a database.',
  answers: 200,
  response: shown,
  handler: async (call) => {
    const backup = await ownedBackupOf(call, call.params.db, call.params.id);
    return { database_backup: await showBackup(call.deps, backup) };
  },
});

const showById = route({
  method: 'GET',
  path: '/api/backups/:id',
  dialect,
  scope: 'backups:read',
  summary: 'One backup, by its id alone.',
  answers: 200,
  response: shown,
  handler: async (call) => {
    const backup = await ownedBackup(call, call.params.id);
    return { database_backup: await showBackup(call.deps, backup) };
  },
});

export const backupRoutes = [list, create, show, showById];
