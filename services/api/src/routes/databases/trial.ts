import { z } from 'zod';
import { route } from '../../http/route.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { lookView, presentLook, probeServer } from './probe.ts';
import { requireServer } from './reach.ts';
import { newDatabase, toRegistration } from './registration.ts';
import { invalid } from '../../http/problem.ts';

const trial = route({
  method: 'POST',
  path: '/api/database-tests',
  dialect,
  scope: 'databases:write',
  audit: { none: 'It only looks.' },
  summary:
    'Connects to a database as it would be registered, and tells what a backup would lack. Nothing is kept or changed.',
  answers: 200,
  response: z.strictObject({ database_test: lookView }),
  body: newDatabase,
  handler: async (call) => {
    const registration = toRegistration(call.body.database);
    if (registration.serverId !== null) {
      await requireServer(call, registration.serverId);
      throw invalid({ server_id: ['The server_id field must be left out: only that server reaches the database.'] });
    }
    return { database_test: presentLook(await probeServer(call, registration)) };
  },
});

export const trialRoutes = [trial];
