import { reconciliationJobId } from '@holdfast/shared/contracts';
import { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { route } from '../../http/route.ts';
import { presentReconciliation, reconciliationView } from '../../presenters/reconciliation.ts';
import { ring } from '../ring.ts';
import { destinationDialect as dialect } from './dialect.ts';
import { ownedDestination } from './owned.ts';

const path = '/api/backup-destinations/:id';
const shown = z.strictObject({ data: reconciliationView });
const mostOrphans = 100;

const reconcile = route({
  method: 'POST',
  path: `${path}/reconcile`,
  dialect,
  // It removes what was left behind.
  scope: 'destinations:update',
  audit: 'destination.reconcile',
  summary: 'Has the backups compared with what the destination holds, in the background.',
  answers: 200,
  response: shown,
  finds: (call) => ownedDestination(call),
  handler: async (call, { id }) => {
    await call.deps.persistence.reconciliations.request(id, call.requestId);
    const payload = { destinationId: id, requestId: call.requestId };
    await ring(call, 'destination.reconcile@1', payload, reconciliationJobId(id));
    return await view(call.deps, id);
  },
});

const show = route({
  method: 'GET',
  path: `${path}/reconciliation`,
  dialect,
  scope: 'destinations:read',
  summary: 'What came of the last comparison of the backups with what the destination holds.',
  answers: 200,
  response: shown,
  handler: async (call) => await view(call.deps, (await ownedDestination(call)).id),
});

async function view({ persistence }: ApiDeps, id: number) {
  const { reconciliations } = persistence;
  const [found, orphans] = [await reconciliations.find(id), await reconciliations.orphans(id, mostOrphans)];
  return { data: presentReconciliation(found, orphans) };
}

export const reconciliationRoutes = [reconcile, show];
