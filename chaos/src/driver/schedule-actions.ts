import type { Random } from '../random.ts';
import type { Action } from './actions.ts';
import type { DriverOptions } from './driver.ts';
import type { AcceptedSchedule } from './records.ts';

const mostSchedules = 5;

const crons = ['*/5 * * * * *', '*/7 * * * * *', '1-59/9 * * * * *', '*/11 * * * * *'] as const;
const zones = ['UTC', 'Europe/Paris', 'America/New_York'] as const;

const policies: readonly Record<string, unknown>[] = [
  {},
  { keep_last: 1 },
  { keep_last: 2 },
  { keep_last: 1, keep_days: 1 },
  { hourly: 1 },
  { keep_last: 1, minimum: 3 },
  { daily: 7, monthly: 1 },
];

function policy(random: Random): Record<string, unknown> {
  return random.pick(policies) ?? {};
}

function live({ records, random }: DriverOptions): AcceptedSchedule | null {
  return random.pick([...records.schedules.values()].filter(({ deleted }) => !deleted)) ?? null;
}

const pathOf = ({ databaseId, id }: AcceptedSchedule): string => `/api/databases/${databaseId}/schedules/${id}`;

const create: Action = {
  name: 'create schedule',
  weight: 3,
  routes: [['POST', '/api/databases/{db}/schedules']],
  run: async ({ api, records, sources, random }) => {
    const source = random.pick(sources);
    const cron = random.pick(crons);
    const body = {
      cron,
      timezone: random.pick(zones),
      retention: policy(random),
      overlap: random.pick(['queue', 'skip']),
      catch_up: random.pick(['skip', 'once', 'all']),
      jitter_seconds: random.int(0, 2),
      catch_up_grace_seconds: random.pick([1, 60]),
    };
    const alive = [...records.schedules.values()].filter(({ deleted }) => !deleted).length;
    if (!source || cron === undefined || alive >= mostSchedules) return 'nothing to do';
    const answer = await api.ask('POST', `/api/databases/${source.id}/schedules`, body);
    if (answer.status !== 201) return `${answer.status}`;
    const { id } = (answer.body as { schedule: { id: string } }).schedule;
    const record = {
      id,
      databaseId: source.id,
      cron,
      createdAt: Date.now(),
      disabledAt: null,
      unchanged: true,
      deleted: false,
    };
    records.schedules.set(id, record);
    return 'done';
  },
};

const change = (name: string, weight: number, next: (random: Random) => Record<string, unknown>): Action => ({
  name,
  weight,
  routes: [['PATCH', '/api/databases/{db}/schedules/{id}']],
  run: async (context) => {
    const found = live(context);
    const body = next(context.random);
    if (!found) return 'nothing to do';
    if ('cron' in body || 'enabled' in body) found.unchanged = false;
    const { status } = await context.api.ask('PATCH', pathOf(found), body);
    return status === 200 ? 'done' : `${status}`;
  },
});

const remove: Action = {
  name: 'delete schedule',
  weight: 1,
  routes: [['DELETE', '/api/databases/{db}/schedules/{id}']],
  run: async (context) => {
    const found = live(context);
    if (!found) return 'nothing to do';
    found.deleted = true;
    const { status } = await context.api.ask('DELETE', pathOf(found));
    return status === 204 ? 'done' : `${status}`;
  },
};

const look = (name: string, end: string): Action => ({
  name,
  weight: 1,
  routes: [['GET', `/api/databases/{db}/schedules/{id}/${end}`]],
  run: async (context) => {
    const found = live(context);
    if (!found) return 'nothing to do';
    const { status } = await context.api.ask('GET', `${pathOf(found)}/${end}`);
    return status === 200 ? 'done' : `${status}`;
  },
});

export const scheduleActions: readonly Action[] = [
  create,
  change('change cron', 1, (random) => ({ cron: random.pick(crons) })),
  change('disable schedule', 1, () => ({ enabled: false })),
  change('enable schedule', 1.5, () => ({ enabled: true })),
  change('change retention', 2, (random) => ({ retention: policy(random) })),
  remove,
  look('list slots', 'slots'),
  look('preview retention', 'retention/preview'),
];
