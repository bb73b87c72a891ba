import { runChecks } from '@holdfast/shared/observability';
import { route } from '../http/route.ts';
import { databaseDialect } from './databases/dialect.ts';

const healthz = route({
  method: 'GET',
  path: '/healthz',
  dialect: databaseDialect,
  scope: null,
  summary: 'The process answers.',
  answers: 200,
  handler: async () => ({ ok: true }),
});

const readyz = route({
  method: 'GET',
  path: '/readyz',
  dialect: databaseDialect,
  scope: null,
  summary: 'The database and the queue answer; 503 when one does not.',
  answers: 200,
  handler: async ({ deps }) => {
    const report = await runChecks({ database: () => deps.persistence.ping(), queue: () => deps.producer.ping() });
    return async (response) => {
      response.status(report.ok ? 200 : 503).json(report);
    };
  },
});

export const healthRoutes = [healthz, readyz];
