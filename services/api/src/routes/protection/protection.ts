import { protectionStates, type ProtectionState } from '@holdfast/shared/domain';
import { z } from 'zod';
import { notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import {
  databaseProtectionView,
  presentProtection,
  presentService,
  protectionView,
  serviceView,
} from '../../presenters/protection.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';
import { ownedDatabase } from '../databases/owned.ts';

const show = route({
  method: 'GET',
  path: '/api/databases/:db/protection',
  dialect,
  scope: 'backups:read',
  summary: 'Whether a database is protected now, why not, and what to do.',
  answers: 200,
  response: z.strictObject({ protection: protectionView }),
  finds: (call) => ownedDatabase(call, call.params.db),
  handler: async ({ deps, accountId }, { id }) => {
    const [judged] = await deps.persistence.protection.of(accountId, id);
    if (!judged) throw notFound('This database does not exist.');
    return { protection: presentProtection(judged) };
  },
});

const count = z.int().min(0);

const overview = route({
  method: 'GET',
  path: '/api/protection',
  dialect,
  scope: 'backups:read',
  summary: 'Whether each database is protected now, and which services run.',
  answers: 200,
  response: z.strictObject({
    summary: z.strictObject({ protected: count, at_risk: count, unprotected: count, unknown: count }),
    services: z.array(serviceView).meta({ description: 'All that have to run.' }),
    databases: z.array(databaseProtectionView).meta({ description: 'By their names.' }),
  }),
  handler: async ({ deps: { persistence }, accountId }) => {
    const [judged, services] = await Promise.all([persistence.protection.of(accountId), persistence.services.list()]);
    const inState = (wanted: ProtectionState): number => judged.filter(({ state }) => state === wanted).length;
    const summary = Object.fromEntries(protectionStates.map((state) => [state, inState(state)]));
    return {
      summary,
      services: services.map(presentService),
      databases: judged.map((one) => ({ database: one.database, ...presentProtection(one) })),
    };
  },
});

export const protectionRoutes = [show, overview];
