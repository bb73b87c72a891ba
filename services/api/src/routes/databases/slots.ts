import { z } from 'zod';
import { wholeNumber } from '../../http/fields.ts';
import { route } from '../../http/route.ts';
import { presentSlot, slotView } from '../../presenters/slot.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedSchedule } from './owned.ts';

const most = 1000;
const usual = 50;

const list = route({
  method: 'GET',
  path: '/api/databases/:db/schedules/:id/slots',
  dialect,
  scope: 'databases:read',
  summary: 'What became of the planned runs of a schedule, newest first, and which come next.',
  answers: 200,
  query: z.object({
    limit: wholeNumber(1, most)
      .optional()
      .meta({ description: `Of \`slots\`; ${usual} when absent.`, examples: ['100'] }),
    before: z.iso
      .datetime({ offset: true, error: 'must be a time such as 2026-09-02T01:30:00Z' })
      .transform((text) => new Date(text))
      .optional()
      .meta({ description: 'The last `scheduled_for` of the page before.', examples: ['2026-09-02T01:30:00.000Z'] }),
  }),
  response: z.strictObject({
    slots: z.array(slotView).max(most).meta({ description: 'Newest first.' }),
    next: z.array(slotView).meta({ description: 'The planned ones, the next one first.' }),
  }),
  finds: ownedSchedule,
  handler: async (call, { id }) => {
    const { limit = usual, before = null } = call.query;
    const { past, planned } = await call.deps.persistence.schedules.slots(id, { limit, before });
    return { slots: past.map(presentSlot), next: planned.map(presentSlot) };
  },
});

export const slotRoutes = [list];
