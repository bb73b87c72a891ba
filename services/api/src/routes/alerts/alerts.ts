import { z } from 'zod';
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

export const alertRoutes = [list];
