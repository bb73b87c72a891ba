import { cronProblem, CronTimes } from '@holdfast/shared/domain';
import { z } from 'zod';
import { text } from '../../http/fields.ts';
import { invalid } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { presentTime, timeView } from '../../presenters/time.ts';
import { databaseDialect as dialect } from './dialect.ts';

const shown = 5;

const times = route({
  method: 'GET',
  path: '/api/schedule-times',
  dialect,
  scope: 'databases:read',
  summary: 'The next times of a cron expression in a time zone, as a schedule would keep them.',
  answers: 200,
  query: z.object({
    cron: text(200).meta({ examples: ['30 3 * * *'] }),
    timezone: text(64).default('UTC'),
  }),
  response: z.strictObject({ times: z.array(timeView).max(shown) }),
  handler: async ({ deps, query }) => {
    const problem = cronProblem(query.cron, query.timezone);
    if (problem) throw invalid({ [problem.field]: [problem.message] });
    return { times: nextTimes(query, deps.clock.now()).map((time) => presentTime(time)) };
  },
});

function nextTimes(schedule: { cron: string; timezone: string }, now: Date): Date[] {
  const cron = new CronTimes(schedule);
  const found: Date[] = [];
  let next = cron.next(now);
  while (next && found.length < shown) {
    found.push(next);
    next = cron.next(next);
  }
  return found;
}

export const scheduleTimesRoutes = [times];
