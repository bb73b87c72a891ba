import { z } from 'zod';
import { invalid } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { calendarSlotView, presentCalendarSlot } from '../../presenters/slot.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';

const dayMs = 86_400_000;
const usualDays = 7;
const mostDays = 93;
const mostSlots = 5000;

const moment = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-09-02T01:30:00Z' })
  .transform((text) => new Date(text))
  .optional();

const calendar = route({
  method: 'GET',
  path: '/api/calendar',
  dialect,
  scope: 'databases:read',
  summary: 'The planned runs of all schedules: what became of past ones, and which come next.',
  answers: 200,
  query: z.object({
    from: moment.meta({ description: `${usualDays} days ago when absent.`, examples: ['2026-09-01T00:00:00Z'] }),
    to: moment.meta({
      description: `Is itself left out; ${usualDays} days from now when absent, and at most ${mostDays} days after \`from\`.`,
      examples: ['2026-10-01T00:00:00Z'],
    }),
  }),
  response: z.strictObject({
    slots: z.array(calendarSlotView).max(mostSlots).meta({ description: 'Oldest first.' }),
    complete: z.boolean().meta({ description: `Whether these are all; there are ${mostSlots} at most.` }),
  }),
  handler: async ({ deps, accountId, query }) => {
    const now = deps.clock.now().getTime();
    const from = query.from ?? new Date(now - usualDays * dayMs);
    const to = query.to ?? new Date(now + usualDays * dayMs);
    if (from >= to) throw invalid({ to: ['The to field must be later than from.'] });
    if (to.getTime() - from.getTime() > mostDays * dayMs) {
      throw invalid({ to: [`The to field must be at most ${mostDays} days after from.`] });
    }
    const slots = await deps.persistence.schedules.calendar(accountId, { from, to, limit: mostSlots + 1 });
    return { slots: slots.slice(0, mostSlots).map(presentCalendarSlot), complete: slots.length <= mostSlots };
  },
});

export const calendarRoutes = [calendar];
