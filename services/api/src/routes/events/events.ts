import { events, route } from '../../http/route.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';

const listen = route({
  method: 'GET',
  path: '/api/events',
  dialect,
  scope: 'backups:read',
  summary:
    'What changes in the account, as server-sent events from now on, until the session or token ends: `event: change` with the kind, id, database, status and progress of a backup, restore, verification, run, alert or delivery.',
  answers: 200,
  response: events,
  handler: async (call) => async (response) => {
    if (call.request.method === 'HEAD') response.type('text/event-stream').end();
    else await call.events.serve(call.caller, response);
  },
});

export const eventRoutes = [listen];
