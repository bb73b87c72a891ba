import { catchUpPolicies, cronProblem, overlapPolicies, Secret, type Schedule } from '@holdfast/shared/domain';
import type { NewSchedule } from '@holdfast/persistence';
import { z } from 'zod';
import { given, httpUrl, integerId, text } from '../../http/fields.ts';
import { invalid, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { presentSchedule, scheduleView } from '../../presenters/schedule.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { refuseManagedSchedule } from './managed.ts';
import { noSchedule, ownedDatabase, ownedSchedule, requireDestination, type Owner } from './owned.ts';
import { requireReach, requireUploads } from './reach.ts';
import { retentionFields, toRetention } from './retention.ts';
import { policyFields, toPolicy } from './verification-policy.ts';

const fields = z.object({
  cron: text(200),
  timezone: text(64).optional(),
  retention: retentionFields.optional(),
  verification: policyFields.optional(),
  destination_id: integerId.nullish(),
  enabled: z.boolean().optional(),
  ping: z.object({ url: httpUrl }).nullish().meta({
    description:
      'A URL that is told of each of its backups as healthchecks.io has it; kept sealed and never shown again.',
  }),
  catch_up: z.enum(catchUpPolicies).optional(),
  catch_up_grace_seconds: z.int().min(0).max(86_400).optional(),
  overlap: z.enum(overlapPolicies).optional(),
  jitter_seconds: z.int().min(0).max(86_400).optional(),
});
const change = fields
  .partial()
  .meta({ examples: [{ enabled: false }, { retention: { keep_last: 7 } }, { verification: null }] });
const shown = z.strictObject({ schedule: scheduleView });

const list = route({
  method: 'GET',
  path: '/api/databases/:db/schedules',
  dialect,
  scope: 'databases:read',
  summary: 'The schedules of a database.',
  answers: 200,
  response: z.strictObject({ schedules: z.array(scheduleView) }),
  handler: async (call) => {
    const database = await ownedDatabase(call, call.params.db);
    return { schedules: (await call.deps.persistence.schedules.list(database.id)).map(presentSchedule) };
  },
});

const create = route({
  method: 'POST',
  path: '/api/databases/:db/schedules',
  dialect,
  scope: 'databases:write',
  audit: 'schedule.create',
  summary: 'Adds a schedule to a database.',
  answers: 201,
  creates: true,
  response: shown,
  body: fields.meta({ examples: [{ cron: '30 3 * * *', timezone: 'Europe/Paris' }] }),
  finds: (call) => ownedDatabase(call, call.params.db),
  otherwise: { 409: 'It came from an import and has no connection yet.' },
  handler: async (call, database) => {
    requireReach(database);
    const schedule = {
      ...defaults,
      databaseId: database.id,
      cron: call.body.cron,
      ...(await toChange(call, call.body)),
    };
    checkTiming(schedule);
    const created = await call.deps.persistence.schedules.create(call.accountId, schedule);
    if (!created) throw notFound('This database does not exist.');
    return { schedule: presentSchedule(await withPing(call, created)) };
  },
});

const show = route({
  method: 'GET',
  path: '/api/databases/:db/schedules/:id',
  dialect,
  scope: 'databases:read',
  summary: 'One schedule of a database.',
  answers: 200,
  response: shown,
  handler: async (call) => ({ schedule: presentSchedule(await ownedSchedule(call)) }),
});

const update = (method: 'PATCH' | 'PUT') =>
  route({
    method,
    path: '/api/databases/:db/schedules/:id',
    dialect,
    scope: 'databases:write',
    audit: 'schedule.change',
    summary: 'Changes what is given of a schedule and leaves the rest.',
    answers: 200,
    response: shown,
    body: change,
    finds: ownedSchedule,
    otherwise: { 409: 'It is the schedule of a policy.' },
    handler: async (call, current) => {
      await refuseManagedSchedule(call, current);
      const changes = await toChange(call, call.body);
      const { cron, timezone } = call.body;
      if (cron !== undefined || timezone !== undefined) checkTiming({ ...current, ...changes });
      const updated = await call.deps.persistence.schedules.update(call.accountId, current.id, changes);
      if (!updated) throw noSchedule();
      return { schedule: presentSchedule(await withPing(call, updated)) };
    },
  });

const remove = route({
  method: 'DELETE',
  path: '/api/databases/:db/schedules/:id',
  dialect,
  scope: 'databases:write',
  audit: 'schedule.delete',
  summary: 'Removes a schedule; the backups that it made stay.',
  answers: 204,
  otherwise: { 409: 'It is the schedule of a policy.' },
  handler: async (call) => {
    const schedule = await ownedSchedule(call);
    await refuseManagedSchedule(call, schedule);
    const { id } = schedule;
    if (!(await call.deps.persistence.schedules.delete(call.accountId, id))) throw noSchedule();
    return undefined;
  },
});

/** Records where the pings of a schedule go, where that was said. */
async function withPing(call: Owner & { body: z.output<typeof change> }, schedule: Schedule): Promise<Schedule> {
  const { ping } = call.body;
  if (ping === undefined) return schedule;
  const { channels, schedules } = call.deps.persistence;
  await channels.setPing(schedule, ping && new Secret(ping.url));
  return (await schedules.findOwned(call.accountId, schedule.databaseId, schedule.id)) ?? schedule;
}

const defaults = {
  destinationId: null,
  timezone: 'UTC',
  retention: {},
  enabled: true,
  catchUp: 'once',
  overlap: 'skip',
  graceSeconds: 60,
  jitterSeconds: 0,
  isPeriodicSetting: false,
} as const;

async function toChange(
  call: Owner & { params: { db: string } },
  asked: z.output<typeof change>,
): Promise<Partial<NewSchedule>> {
  const { destination_id: destinationId, retention, verification } = asked;
  if (destinationId) {
    await requireDestination(call, destinationId);
    const { serverId } = await ownedDatabase(call, call.params.db);
    if (serverId !== null) await requireUploads(call, destinationId);
  }
  return given({
    cron: asked.cron,
    timezone: asked.timezone,
    retention: retention && toRetention(retention),
    verification: verification && (await toPolicy(call, await ownedDatabase(call, call.params.db), verification)),
    destinationId,
    enabled: asked.enabled,
    catchUp: asked.catch_up,
    graceSeconds: asked.catch_up_grace_seconds,
    overlap: asked.overlap,
    jitterSeconds: asked.jitter_seconds,
  });
}

function checkTiming({ cron, timezone }: { cron: string; timezone: string }): void {
  const problem = cronProblem(cron, timezone);
  if (problem) throw invalid({ [problem.field]: [problem.message] });
}

export const scheduleRoutes = [list, create, show, update('PATCH'), update('PUT'), remove];
