import type { DestinationUses, NewDestination } from '@holdfast/persistence';
import { HoldfastError, isSamePlace, type Destination } from '@holdfast/shared/domain';
import { z } from 'zod';
import { baseUrl } from '../../http/base-url.ts';
import { conflict, invalid } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import type { ApiDeps } from '../../deps.ts';
import { destinationView, presentDestination } from '../../presenters/destination.ts';
import { pageOf, presentPage } from '../../presenters/page.ts';
import { tryStore } from '../probing.ts';
import { destinationDialect as dialect } from './dialect.ts';
import { noDestination, ownedDestination } from './owned.ts';
import {
  destinationChange,
  endpointField,
  forceQuery,
  listQuery,
  newDestination,
  toDestination,
  type DestinationRequest,
} from './requests.ts';

const path = '/api/backup-destinations';
const one = z.strictObject({ data: destinationView });

const list = route({
  method: 'GET',
  path,
  dialect,
  scope: 'destinations:read',
  summary: 'The destinations, page by page.',
  answers: 200,
  response: pageOf(destinationView),
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
  scope: 'destinations:create',
  audit: 'destination.create',
  summary: 'Adds a destination.',
  answers: 201,
  response: one,
  creates: true,
  body: newDestination,
  handler: async ({ deps, accountId, body }) => {
    const destination = toDestination(body, null);
    await checkUsable(deps, accountId, destination, body);
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
  response: one,
  handler: async (call) => ({ data: presentDestination(await ownedDestination(call)) }),
});

const update = route({
  method: 'PUT',
  path: `${path}/:id`,
  dialect,
  scope: 'destinations:update',
  audit: 'destination.change',
  summary:
    'Changes what is given of a destination and leaves the rest. One that holds backups stays where it is, unless `force=true` says that they were moved along.',
  answers: 200,
  response: one,
  otherwise: { 409: 'It holds backups, which would be looked for in the new place.' },
  query: forceQuery,
  body: destinationChange,
  finds: (call) => ownedDestination(call),
  handler: async (call, current) => {
    const { label = current.label, type = current.type } = call.body;
    const asked = toDestination({ ...call.body, label, type }, current);
    await checkUsable(call.deps, call.accountId, asked, call.body);
    await requireUploadsStay(call.deps, current, asked);
    if (!call.query.force) await requireSamePlace(call.deps, current, asked);
    const changed = await call.deps.persistence.destinations.replace(call.accountId, current.id, asked);
    if (!changed) throw noDestination();
    return { data: presentDestination(changed) };
  },
});

const remove = route({
  method: 'DELETE',
  path: `${path}/:id`,
  dialect,
  scope: 'destinations:delete',
  audit: 'destination.delete',
  summary:
    'Removes a destination that nothing uses; with `force=true` also one that only holds backups, whose objects are then removed in the background.',
  answers: 200,
  response: z.strictObject({ message: z.literal('Backup destination successfully deleted') }),
  otherwise: { 409: 'Something uses it, or keeps its backups from being removed.' },
  query: forceQuery,
  finds: (call) => ownedDestination(call),
  handler: async (call, { id }) => {
    const { destinations } = call.deps.persistence;
    const { force } = call.query;
    const uses = await (force
      ? destinations.requestDeletion(call.accountId, id, call.requestId)
      : destinations.delete(call.accountId, id));
    if (uses === null) throw noDestination();
    const obstacle = obstacleTo(uses, force);
    if (obstacle !== null) throw conflict(obstacle);
    return { message: 'Backup destination successfully deleted' };
  },
});

const probe = route({
  method: 'POST',
  path: `${path}/:id/test`,
  dialect,
  // It writes.
  scope: 'destinations:update',
  audit: { none: 'It looks, with objects of its own that it removes.' },
  summary:
    'Writes, reads back and removes small objects, and tells what does not work; notes what the place can do (`capabilities`).',
  answers: 200,
  response: z.strictObject({ data: z.strictObject({ ok: z.boolean(), problems: z.array(z.string()) }) }),
  handler: async (call) => {
    const destination = await ownedDestination(call);
    const { capabilities, ...data } = await tryStore(call, destination);
    if (capabilities) await call.deps.persistence.destinations.setCapabilities(destination.id, capabilities);
    return { data };
  },
});

/** @throws Problem 422 when remote servers could not upload to it any more */
async function requireUploadsStay(
  { persistence }: ApiDeps,
  current: Destination,
  asked: NewDestination,
): Promise<void> {
  if (asked.type !== 'local' || current.type === 'local') return;
  const databases = await persistence.databases.list(current.accountId);
  const remote = databases.filter(({ destinationId, serverId }) => destinationId === current.id && serverId !== null);
  if (remote.length === 0) return;
  throw invalid({
    type: [`The type field must stay an S3 one: remote servers upload ${counted(remote.length, 'database')} to it.`],
  });
}

/** @throws Problem 409 when the backups of a destination would be looked for where they are not */
async function requireSamePlace(deps: ApiDeps, current: Destination, asked: NewDestination): Promise<void> {
  if (isSamePlace(current, asked)) return;
  const backups = await deps.persistence.destinations.countBackups(current.id);
  if (backups === 0) return;
  throw conflict(
    `This backup destination holds ${counted(backups, 'backup')}, which would be looked for in the new place: create another destination, or move the objects and add ?force=true.`,
  );
}

const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** What keeps a destination from being removed, as a sentence; null when nothing does. */
function obstacleTo(
  { backups, busyBackups, databases, schedules, policies }: DestinationUses,
  force: boolean,
): string | null {
  const users = `${counted(databases, 'database')} and ${counted(schedules, 'schedule')}`;
  if (databases + schedules === 0 && policies > 0) {
    return 'This backup destination is that of a server policy.';
  }
  if (databases + schedules > 0) {
    return `This backup destination still holds ${counted(backups, 'backup')} and is used by ${users}.`;
  }
  if (force) {
    return busyBackups === 0
      ? null
      : `This backup destination holds ${counted(busyBackups, 'backup')} that cannot be removed now, because each waits, runs, is locked, or is being restored.`;
  }
  return backups === 0
    ? null
    : `This backup destination still holds ${counted(backups, 'backup')}. Add ?force=true to remove them too.`;
}

/** @throws Problem 422 when the service does not allow such a destination, before anything is kept of it */
async function checkUsable(
  deps: ApiDeps,
  accountId: number,
  destination: NewDestination,
  asked: DestinationRequest,
): Promise<void> {
  const now = deps.clock.now();
  try {
    const row = { id: 0, accountId, createdAt: now, updatedAt: now, deletionRequestedAt: null, capabilities: null };
    const asRow: Destination =
      destination.type === 'local'
        ? { ...destination, ...row }
        : { ...destination, ...row, deletionKeys: destination.deletionKeys ?? null };
    await deps.openStore(asRow).close();
    if (destination.type === 'custom_s3' && destination.settings.endpoint !== null) {
      await deps.checkEndpoint(destination.settings.endpoint);
    }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    throw invalid({ [decisiveField(destination.type, asked)]: [error.message] });
  }
}

function decisiveField(type: NewDestination['type'], asked: DestinationRequest): string {
  if (type === 'custom_s3') return endpointField(asked);
  return type === 's3' ? 's3_region' : 'path';
}

export const destinationRoutes = [list, create, show, update, remove, probe];
