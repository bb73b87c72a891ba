import type { NewDestination } from '@holdfast/persistence';
import { HoldfastError, type Destination } from '@holdfast/shared/domain';
import { baseUrl } from '../../http/base-url.ts';
import { maxInteger } from '../../http/fields.ts';
import { conflict, forbidden, invalid, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import type { ApiDeps } from '../../deps.ts';
import { presentDestination } from '../../presenters/destination.ts';
import { presentPage } from '../../presenters/page.ts';
import { probeStore } from '../probing.ts';
import { destinationDialect as dialect } from './dialect.ts';
import { destinationChange, listQuery, newDestination, toDestination } from './requests.ts';

const path = '/api/backup-destinations';

const list = route({
  method: 'GET',
  path,
  dialect,
  scope: 'destinations:read',
  summary: 'The destinations, page by page.',
  answers: 200,
  query: listQuery,
  handler: async (call) => {
    const { page, per_page: perPage } = call.query;
    const { items, total } = await call.deps.persistence.destinations.list(call.accountId, page, perPage);
    return presentPage(items.map(presentDestination), { page, perPage, total, path: `${baseUrl(call)}${path}` });
  },
});

const create = route({
  method: 'POST',
  path,
  dialect,
  scope: 'destinations:write',
  summary: 'Adds a destination.',
  answers: 201,
  body: newDestination,
  handler: async ({ deps, accountId, body }) => {
    const destination = toDestination(body, null);
    await checkUsable(deps, accountId, destination);
    return { data: presentDestination(await deps.persistence.destinations.create(accountId, destination)) };
  },
});

const show = route({
  method: 'GET',
  path: `${path}/:id`,
  dialect,
  scope: 'destinations:read',
  summary: 'One destination.',
  answers: 200,
  handler: async (call) => ({ data: presentDestination(await ownedDestination(call)) }),
});

const update = route({
  method: 'PUT',
  path: `${path}/:id`,
  dialect,
  scope: 'destinations:write',
  summary: 'Changes what is given of a destination and leaves the rest.',
  answers: 200,
  body: destinationChange,
  handler: async (call) => {
    const current = await ownedDestination(call);
    const { label = current.label, type = current.type } = call.body;
    const asked = toDestination({ ...call.body, label, type }, current);
    await checkUsable(call.deps, call.accountId, asked);
    const changed = await call.deps.persistence.destinations.replace(call.accountId, current.id, asked);
    if (!changed) throw noDestination();
    return { data: presentDestination(changed) };
  },
});

const remove = route({
  method: 'DELETE',
  path: `${path}/:id`,
  dialect,
  scope: 'destinations:write',
  summary: 'Removes a destination that nothing uses.',
  answers: 200,
  handler: async (call) => {
    const { id } = await ownedDestination(call);
    const uses = await call.deps.persistence.destinations.delete(call.accountId, id);
    if (uses === null) throw noDestination();
    const { backups, databases, schedules } = uses;
    if (backups + databases + schedules > 0) {
      throw conflict(
        `This backup destination still holds ${backups} backups and is used by ${databases} databases and ${schedules} schedules.`,
      );
    }
    return { message: 'Backup destination successfully deleted' };
  },
});

const probe = route({
  method: 'POST',
  path: `${path}/:id/test`,
  dialect,
  scope: 'destinations:write',
  summary: 'Writes, reads back and removes a small object, and tells what does not work.',
  answers: 200,
  handler: async (call) => ({ data: await probeStore(call, await ownedDestination(call)) }),
});

/** @throws Problem 404 when it is unknown, 403 when it is another account's: this dialect tells them apart */
async function ownedDestination(call: {
  deps: ApiDeps;
  accountId: number;
  params: { id: string };
}): Promise<Destination> {
  const id = /^[1-9]\d{0,9}$/.test(call.params.id) ? Number(call.params.id) : Infinity;
  const found = id <= maxInteger ? await call.deps.persistence.destinations.find(id) : null;
  if (!found) throw noDestination();
  if (found.accountId !== call.accountId) throw forbidden('You are not authorized to access this backup destination');
  return found;
}

/** @throws Problem 422 when the service does not allow such a destination, before anything is kept of it */
async function checkUsable(deps: ApiDeps, accountId: number, destination: NewDestination): Promise<void> {
  const now = deps.clock.now();
  try {
    await deps
      .openStore({ ...destination, id: 0, accountId, createdAt: now, updatedAt: now, deletionRequestedAt: null })
      .close();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    throw invalid({ [decisiveField[destination.type]]: [error.message] });
  }
}

const decisiveField = { local: 'path', s3: 's3_region', custom_s3: 'custom_s3_endpoint' } as const;

const noDestination = () => notFound('Backup destination not found');

export const destinationRoutes = [list, create, show, update, remove, probe];
