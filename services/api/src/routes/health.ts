import { runChecks } from '@holdfast/shared/observability';
import { z } from 'zod';
import { route } from '../http/route.ts';
import { databaseDialect } from './databases/dialect.ts';

const reportView = z
  .strictObject({ ok: z.boolean(), checks: z.record(z.string(), z.enum(['ok', 'failed'])) })
  .meta({ id: 'Health', examples: [{ ok: true, checks: { database: 'ok', queue: 'ok' } }] });

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
  summary: 'The database and the queue answer.',
  answers: 200,
  response: reportView,
  otherwise: { 503: { description: 'One of them does not answer.', body: reportView } },
  handler: async ({ deps }) => {
    const report = await runChecks({ database: () => deps.persistence.ping(), queue: () => deps.producer.ping() });
    return async (response) => {
      response.status(report.ok ? 200 : 503).json(report);
    };
  },
});

export const healthRoutes = [healthz, readyz];
