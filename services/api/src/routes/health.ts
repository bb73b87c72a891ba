import { Health } from '@holdfast/shared/observability';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { databaseDialect } from './databases/dialect.ts';

const reportView = z
  .strictObject({
    ok: z.boolean(),
    state: z.enum(['starting', 'running', 'stopping']),
    checks: z.record(z.string(), z.enum(['ok', 'failed'])),
  })
  .meta({ id: 'Health', examples: [{ ok: true, state: 'running', checks: { database: 'ok', queue: 'ok' } }] });

const healthz = route({
  method: 'GET',
  path: '/healthz',
  dialect: databaseDialect,
  scope: null,
  summary: 'The process answers.',
  answers: 200,
  response: z.strictObject({ ok: z.literal(true) }),
  handler: async () => ({ ok: true }),
});

const readyz = route({
  method: 'GET',
  path: '/readyz',
  dialect: databaseDialect,
  scope: null,
  summary: 'The service is ready for requests: it has started, does not stop, and the database and the queue answer.',
  answers: 200,
  response: reportView,
  otherwise: { 503: { description: 'It is not ready; `checks` says what it waits for.', body: reportView } },
  handler: async ({ deps }) => {
    const health = new Health();
    health.runs({ database: () => deps.persistence.ping(), queue: () => deps.producer.ping() });
    const report = await health.report();
    return async (response) => {
      response.status(report.ok ? 200 : 503).json(report);
    };
  },
});

export const healthRoutes = [healthz, readyz];
