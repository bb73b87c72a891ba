import { mostKept, planRetention, retentionTerms, type RetentionPolicy } from '@holdfast/shared/domain';
import { z } from 'zod';
import { given, wholeNumber } from '../../http/fields.ts';
import { route } from '../../http/route.ts';
import { presentDecision, presentRetention, retentionDecisionView, retentionView } from '../../presenters/retention.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedSchedule } from './owned.ts';

const keep = z.int().min(1).max(mostKept).nullish();

/** The policy in the body of a request; null and absent fields are no rules. */
export const retentionFields = z.strictObject({
  keep_last: keep,
  keep_days: keep,
  hourly: keep,
  daily: keep,
  weekly: keep,
  monthly: keep,
  yearly: keep,
  minimum: keep,
});

export function toRetention(asked: z.output<typeof retentionFields>): RetentionPolicy {
  return given({
    keepLast: asked.keep_last ?? undefined,
    keepDays: asked.keep_days ?? undefined,
    hourly: asked.hourly ?? undefined,
    daily: asked.daily ?? undefined,
    weekly: asked.weekly ?? undefined,
    monthly: asked.monthly ?? undefined,
    yearly: asked.yearly ?? undefined,
    minimum: asked.minimum ?? undefined,
  });
}

const tried = wholeNumber(1, mostKept)
  .optional()
  .meta({ examples: ['7'] });
/** Strict, as a policy with a misspelt rule would be another one. */
const policyQuery = z.strictObject({
  keep_last: tried,
  keep_days: tried,
  hourly: tried,
  daily: tried,
  weekly: tried,
  monthly: tried,
  yearly: tried,
  minimum: tried,
});

const preview = route({
  method: 'GET',
  path: '/api/databases/:db/schedules/:id/retention/preview',
  dialect,
  scope: 'backups:read',
  summary:
    'What retention would do now with each backup of a schedule, newest first. The policy of the query takes the place of the schedule’s when it has any field. Nothing is changed.',
  answers: 200,
  query: policyQuery,
  response: z.strictObject({ retention: retentionView, backups: z.array(retentionDecisionView) }),
  finds: ownedSchedule,
  handler: async (call, schedule) => {
    const asked = toRetention(call.query);
    const policy = Object.keys(asked).length > 0 ? asked : schedule.retention;
    const { backups, expiring, now } = await call.deps.persistence.retention.catalogue(schedule.id);
    const terms = retentionTerms({ ...schedule, retention: policy });
    // Nobody sees backups that are on their way out.
    const seen = backups.filter(({ id, marked }) => !marked && !expiring.has(id));
    const shown = new Map(seen.map((backup) => [backup.id, backup]));
    const lines = planRetention(terms, backups, now).flatMap((decision) => {
      const backup = shown.get(decision.id);
      return backup ? [presentDecision(backup, decision)] : [];
    });
    return { retention: presentRetention(policy), backups: lines };
  },
});

export const retentionRoutes = [preview];
