import { z } from 'zod';
import { conflict, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { alertView, presentAlert } from '../../presenters/alert.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';

const mostShown = 1000;

const list = route({
  method: 'GET',
  path: '/api/alerts',
  dialect,
  scope: 'backups:read',
  summary: 'What is wrong now, newest first, or with `state=all` also what is over.',
  answers: 200,
  response: z.strictObject({ alerts: z.array(alertView).max(mostShown) }),
  query: z.object({
    state: z
      .enum(['open', 'all'])
      .optional()
      .meta({ examples: ['all'] }),
  }),
  handler: async ({ deps, accountId, query }) => {
    const open = query.state !== 'all';
    return { alerts: (await deps.persistence.alerts.list(accountId, { open, limit: mostShown })).map(presentAlert) };
  },
});

const acknowledge = route({
  method: 'POST',
  path: '/api/alerts/:alert/acknowledge',
  dialect,
  scope: 'databases:write',
  audit: 'alert.acknowledge',
  summary: 'Says that somebody knows of an alert: it stays open, and nobody is told of it again.',
  answers: 200,
  response: z.strictObject({ alert: alertView }),
  otherwise: { 409: 'It is over.' },
  handler: async ({ deps, accountId, caller, params }) => {
    const by = caller.token?.name ?? 'a token';
    const alert = await deps.persistence.alerts.acknowledge(accountId, params.alert, by);
    if (!alert) throw notFound('This alert does not exist.');
    if (alert.clearedAt && !alert.acknowledgedAt) throw conflict('This alert is over: nobody is told of it any more.');
    return { alert: presentAlert(alert) };
  },
});

export const alertRoutes = [list, acknowledge];
