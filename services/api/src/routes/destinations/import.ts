import { importJobId } from '@holdfast/shared/contracts';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { importView, presentImport } from '../../presenters/import.ts';
import { ring } from '../ring.ts';
import { destinationDialect as dialect } from './dialect.ts';
import { noDestination, ownedDestination } from './owned.ts';

const path = '/api/backup-destinations/:id/import';
const shown = z.strictObject({ data: importView });

const request = route({
  method: 'POST',
  path,
  dialect,
  scope: 'destinations:update',
  audit: 'destination.import',
  summary:
    'Has the backups that the destination holds read into the catalogue, in the background. What is known already is left as it is.',
  answers: 202,
  response: shown,
  finds: (call) => ownedDestination(call),
  handler: async (call, { id }) => {
    const { deps, accountId, requestId } = call;
    const found = await deps.persistence.imports.request(accountId, id, requestId);
    if (!found) throw noDestination();
    await ring(call, 'destination.import@1', { destinationId: id, requestId }, importJobId(id));
    return { data: presentImport(found) };
  },
});

const show = route({
  method: 'GET',
  path,
  dialect,
  scope: 'destinations:read',
  summary: 'What came of the last import of the backups that the destination holds.',
  answers: 200,
  response: shown,
  handler: async (call) => {
    const { id } = await ownedDestination(call);
    return { data: presentImport(await call.deps.persistence.imports.find(id)) };
  },
});

export const importRoutes = [request, show];
