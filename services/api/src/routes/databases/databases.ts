import type { DatabaseObstacles } from '@holdfast/persistence';
import type { Database } from '@holdfast/shared/domain';
import { z } from 'zod';
import { given } from '../../http/fields.ts';
import { conflict, invalid, notFound } from '../../http/problem.ts';
import { route, type Call } from '../../http/route.ts';
import { databaseView, presentDatabase } from '../../presenters/database.ts';
import { requireDatabaseName } from './database-names.ts';
import { defaultDestination } from './default-destination.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { refuseForeignOptions } from './engine-options.ts';
import { requireHooks } from './hooks.ts';
import { refuseManagedChange, refuseManagedDeletion } from './managed.ts';
import { isUnprovable, unprovable } from './objectives-field.ts';
import { ownedDatabase, requireDestination } from './owned.ts';
import { applyPeriodic } from './periodic.ts';
import { firstReach, isUnreached, refuseOtherReach, requireServer, requireUploads } from './reach.ts';
import { databaseChange, newDatabase, toRegistration, type DatabaseChange } from './registration.ts';
import { probe } from './probe.ts';

const list = route({
  method: 'GET',
  path: '/api/databases',
  dialect,
  scope: 'databases:read',
  summary: 'The registered databases.',
  answers: 200,
  response: z.strictObject({ databases: z.array(databaseView) }),
  handler: async ({ deps: { persistence }, accountId }) => {
    const databases = await persistence.databases.list(accountId);
    const present = async (database: Database) =>
      presentDatabase(database, await persistence.schedules.findPeriodicSetting(database.id));
    return { databases: await Promise.all(databases.map(present)) };
  },
});

const create = route({
  method: 'POST',
  path: '/api/databases',
  dialect,
  scope: 'databases:write',
  audit: 'database.create',
  summary: 'Registers a database.',
  answers: 201,
  creates: true,
  response: z.strictObject({ database: databaseView }),
  body: newDatabase,
  handler: async (call) => {
    const { deps, accountId } = call;
    const { database: asked } = call.body;
    const serverId = asked.server_id ?? null;
    if (asked.destination_id !== undefined) await requireDestination(call, asked.destination_id);
    const destinationId = asked.destination_id ?? (await defaultDestination(call));
    if (serverId !== null) {
      await requireServer(call, serverId);
      await requireUploads(call, destinationId);
    }
    await requireHooks(call, asked, serverId);
    const created = await deps.persistence.databases.create(accountId, {
      ...toRegistration(asked),
      hooks: asked.hooks ?? null,
      objectives: asked.objectives ?? null,
      destinationId,
    });
    if (created === 'name_taken') throw nameTaken();
    return { database: presentDatabase(created, await applyPeriodic(deps, created, asked)) };
  },
});

const show = route({
  method: 'GET',
  path: '/api/databases/:db',
  dialect,
  scope: 'databases:read',
  summary: 'One database.',
  answers: 200,
  response: z.strictObject({ database: databaseView }),
  handler: async (call) => {
    const database = await ownedDatabase(call, call.params.db);
    const periodic = await call.deps.persistence.schedules.findPeriodicSetting(database.id);
    return { database: presentDatabase(database, periodic) };
  },
});

const change = (method: 'PATCH' | 'PUT') =>
  route({
    method,
    path: '/api/databases/:db',
    dialect,
    scope: 'databases:write',
    audit: 'database.change',
    summary: 'Changes what is given of a database and of its periodic backups, and leaves the rest.',
    answers: 200,
    response: z.strictObject({ database: databaseView }),
    body: databaseChange,
    finds: (call) => ownedDatabase(call, call.params.db),
    otherwise: { 409: 'The field follows the policy that covers the database, or its backups are of another kind.' },
    handler: changeDatabase,
  });

async function changeDatabase(call: Call<'/api/databases/:db', { database: DatabaseChange }>, current: Database) {
  const { deps, accountId } = call;
  await refuseManagedChange(call, current, call.body.database);
  const { destination_id: destinationId, server_id, ...asked } = call.body.database;
  const { name, type, host, port, user, password, database, options, hooks, objectives, ...periodic } = asked;
  refuseForeignOptions(type ?? current.type, options ?? current.options);
  const first = isUnreached(current) ? firstReach(current, call.body.database) : {};
  if (!isUnreached(current)) refuseOtherReach(current, call.body.database);
  const serverId = server_id ?? undefined;
  const isRemote = (serverId ?? current.serverId) !== null;
  requireDatabaseName({ type: type ?? current.type, isRemote }, database);
  const isMoved = (host ?? current.host) !== current.host || (port ?? current.port) !== current.port;
  if (isMoved && current.password && password === undefined) {
    // Otherwise a token that may change databases could send the stored password to a server of its choice.
    throw invalid({ password: ['The password field is required when host or port change.'] });
  }
  if (serverId !== undefined) await requireServer(call, serverId);
  if (destinationId !== undefined) {
    await requireDestination(call, destinationId);
    if (current.serverId !== null) await requireUploads(call, destinationId);
  }
  if (serverId !== undefined && current.serverId === null) {
    await requireUploads(call, destinationId ?? current.destinationId);
  }
  const kept = serverId === undefined ? undefined : current.hooks;
  await requireHooks(call, { hooks: hooks === undefined ? kept : hooks }, serverId ?? current.serverId);
  if (isUnprovable(objectives === undefined ? current.objectives : objectives, isRemote)) {
    throw invalid({ objectives: [`The objectives field ${unprovable}.`] });
  }
  if (type !== undefined && type !== current.type) await refuseOtherKind(call, current);
  const changes = {
    ...given({ name, type, serverId, host, port, user, password, database, options, hooks, objectives, destinationId }),
    ...first,
  };
  const changed =
    Object.keys(changes).length === 0
      ? current
      : await deps.persistence.databases.update(accountId, current.id, changes);
  if (!changed) throw notFound('This database does not exist.');
  if (changed === 'name_taken') throw nameTaken();
  if (changed === 'other_reach') {
    throw invalid({ host: ['The host field cannot be changed: somebody has just said otherwise how to reach it.'] });
  }
  return { database: presentDatabase(changed, await applyPeriodic(deps, changed, periodic)) };
}

/** The backups of one kind restore to that kind alone. */
async function refuseOtherKind({ deps }: Pick<Call, 'deps'>, { id, type }: Database): Promise<void> {
  const [backup] = await deps.persistence.backups.listOfDatabase(id, { limit: 1, before: null });
  if (!backup) return;
  throw conflict(
    `This database has backups of the kind "${type}", which restore to that kind alone: register the other one under a name of its own.`,
  );
}

const remove = route({
  method: 'DELETE',
  path: '/api/databases/:db',
  dialect,
  scope: 'databases:write',
  audit: 'database.delete',
  summary: 'Forgets a database that has no backups.',
  answers: 204,
  otherwise: { 409: 'It still has backups, is in use, or is covered by a policy.' },
  handler: async (call) => {
    const database = await ownedDatabase(call, call.params.db);
    call.note({ object: { id: database.id, name: database.name } });
    await refuseManagedDeletion(call, database);
    const { databases } = call.deps.persistence;
    const inTheWay = await databases.delete(call.accountId, database.id);
    if (inTheWay === null) throw notFound('This database does not exist.');
    if (inTheWay > 0) throw conflict(obstacleText(await databases.obstacles(call.accountId, database.id)));
    return undefined;
  },
});

function obstacleText({ backups, restores, kept, verifications, schedules }: DatabaseObstacles): string {
  const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
  const parts = [
    backups > 0 && `has ${counted(backups, 'backup')}`,
    restores > 0 && `is the target of ${counted(restores, 'restore')}`,
    kept > 0 && `has former content on its server, kept by ${counted(kept, 'restore')}`,
    verifications > 0 && `is the scratch server of ${counted(verifications, 'verification')}`,
    schedules > 0 && `is the scratch server of ${counted(schedules, 'schedule')} of other databases`,
  ].filter((part) => part !== false);
  // What stood in the way may have ended since.
  return parts.length > 0 ? `This database still ${parts.join(', ')}.` : 'This database was in use: try again.';
}

const nameTaken = () => invalid({ name: ['The name field is the name of another database of this account.'] });

export const databaseRoutes = [list, create, show, change('PATCH'), change('PUT'), remove, probe];
