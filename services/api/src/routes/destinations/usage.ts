import { z } from 'zod';
import { route } from '../../http/route.ts';
import { presentUsage, usageView } from '../../presenters/destination-usage.ts';
import { destinationDialect as dialect } from './dialect.ts';
import { ownedDestination } from './owned.ts';

const show = route({
  method: 'GET',
  path: '/api/backup-destinations/:id/usage',
  dialect,
  scope: 'destinations:read',
  summary: 'What a destination holds, as the catalogue knows it: backups, bytes, and of which databases.',
  answers: 200,
  response: z.strictObject({ data: usageView }),
  handler: async (call) => {
    const { id } = await ownedDestination(call);
    return { data: presentUsage(await call.deps.persistence.destinations.usage(id)) };
  },
});

export const usageRoutes = [show];
