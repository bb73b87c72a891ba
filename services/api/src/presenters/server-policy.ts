import {
  runError,
  runStatus,
  type PolicyMember,
  type PolicyRun,
  type RunCounts,
  type ServerPolicy,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { statusView } from './backup.ts';
import { optionsView } from './database.ts';
import { objectivesView, presentObjectives } from './objectives.ts';
import { presentRetention, retentionView } from './retention.ts';
import { presentTime, timeView } from './time.ts';
import { engineView, errorView, idView } from './values.ts';
import { forgottenView, presentForgotten } from './forgotten.ts';
import { policyView, presentPolicy } from './verification.ts';

export const serverPolicyView = z
  .strictObject({
    id: idView,
    name: z.string(),
    type: engineView,
    host: z.string(),
    port: z.int(),
    user: z.string(),
    database: z.string().meta({ description: 'The database to connect to for the list of all.' }),
    options: optionsView,
    destination_id: z.int(),
    include: z.array(z.string()).meta({ description: 'Patterns of names: `*` for any characters, `?` for one.' }),
    exclude: z.array(z.string()),
    globals: z.boolean().meta({ description: 'Whether each run holds the server’s globals, once.' }),
    cron: z.string(),
    timezone: z.string(),
    jitter_seconds: z.int().min(0),
    retention: retentionView.meta({ description: 'Of each database by itself.' }),
    verification: policyView.nullable(),
    objectives: objectivesView.nullable().meta({
      description: 'What is asked of the backups of its databases, but for those with objectives of their own.',
    }),
    enabled: z.boolean(),
    ...forgottenView,
    next_run_at: timeView.nullable(),
    last_run_at: timeView.nullable(),
    created_at: timeView,
    updated_at: timeView,
  })
  .meta({
    id: 'ServerPolicy',
    description: 'Which databases of a whole server are backed up, and when; without its password.',
    examples: [
      {
        id: '01991f50-07d4-7d0e-9f6b-2f6a4d1b8c55',
        name: 'main',
        type: 'postgresql',
        host: 'db.example.org',
        port: 5432,
        user: 'backup',
        database: 'postgres',
        options: { sslmode: 'verify-full' },
        destination_id: 1,
        include: ['*'],
        exclude: ['test_*'],
        globals: true,
        cron: '30 3 * * *',
        timezone: 'Europe/Paris',
        jitter_seconds: 0,
        retention: presentRetention({ keepLast: 7 }),
        verification: null,
        objectives: null,
        enabled: true,
        next_run_at: '2026-09-03T01:30:00.000Z',
        last_run_at: '2026-09-02T01:30:00.000Z',
        created_at: '2026-09-01T09:30:00.000Z',
        updated_at: '2026-09-01T09:30:00.000Z',
      },
    ],
  });

export function presentServerPolicy(policy: ServerPolicy): z.input<typeof serverPolicyView> {
  return {
    id: policy.id,
    name: policy.name,
    type: policy.type,
    host: policy.host,
    port: policy.port,
    user: policy.user,
    database: policy.database,
    options: policy.options,
    destination_id: policy.destinationId,
    include: policy.include,
    exclude: policy.exclude,
    globals: policy.globals,
    cron: policy.cron,
    timezone: policy.timezone,
    jitter_seconds: policy.jitterSeconds,
    retention: presentRetention(policy.retention),
    verification: presentPolicy(policy),
    objectives: policy.objectives && presentObjectives(policy.objectives),
    enabled: policy.enabled,
    ...presentForgotten({ password: policy.password }),
    next_run_at: presentTime(policy.nextRunAt),
    last_run_at: presentTime(policy.lastRunAt),
    created_at: presentTime(policy.createdAt),
    updated_at: presentTime(policy.updatedAt),
  };
}

/** A database that a policy covers. */
export const memberView = z.strictObject({
  id: idView,
  name: z.string().meta({ description: 'As it is registered.' }),
  database: z.string().meta({ description: 'On its server.' }),
  vanished_at: timeView.nullable().meta({ description: 'Since when the server lists it no more; null while it does.' }),
  vanish_expected: z.boolean().nullable().meta({ description: 'What somebody said of that; null: nothing yet.' }),
});

export const presentMember = (member: PolicyMember): z.input<typeof memberView> => ({
  id: member.id,
  name: member.name,
  database: member.database,
  vanished_at: presentTime(member.vanishedAt),
  vanish_expected: member.vanishExpected,
});

const names = z.array(z.string());

const findingsView = z.strictObject({
  listed: z.int().min(0).meta({ description: 'How many databases the server has.' }),
  backed_up: names.meta({ description: 'Those that the run has a backup of.' }),
  added: names.meta({ description: 'Covered for the first time.' }),
  vanished: names.meta({ description: 'Gone since the run before.' }),
  returned: names.meta({ description: 'There again.' }),
  released: names.meta({ description: 'There, and covered until somebody changed the patterns.' }),
  left_out: names.meta({ description: 'There, and not covered.' }),
  passed_over: z.array(z.strictObject({ database: z.string(), reason: z.string() })).meta({
    description: 'Covered, and without a backup.',
  }),
  suspicious: z.string().nullable().meta({ description: 'Why the list is hard to believe; null: it is not.' }),
});

const count = z.int().min(0);

export const runView = z
  .strictObject({
    id: idView,
    policy_id: idView,
    scheduled_for: timeView
      .nullable()
      .meta({ description: 'The time of the policy; null: somebody asked for the run.' }),
    status: statusView.meta({
      description:
        '`done` when every backup of it is; `error` when all have ended and one is, or when the server could not be listed.',
    }),
    created_at: timeView,
    started_at: timeView.nullable(),
    listed_at: timeView
      .nullable()
      .meta({ description: 'When its backups were made rows, or the list failed for good.' }),
    backups: z.strictObject({ scheduled: count, pending: count, done: count, error: count }),
    findings: findingsView.nullable().meta({ description: 'What it found on the server; null until then.' }),
    attempt: count,
    cancel_requested_at: timeView.nullable(),
    error: errorView
      .nullable()
      .meta({ description: 'Why the server could not be listed, or that the run was cancelled.' }),
  })
  .meta({
    id: 'PolicyRun',
    description: 'One run of a policy: a list of its server, and a backup of each database that is covered.',
    examples: [
      {
        id: '01991f50-07d4-7d0e-9f6b-2f6a4d1b8c66',
        policy_id: '01991f50-07d4-7d0e-9f6b-2f6a4d1b8c55',
        scheduled_for: '2026-09-02T01:30:00.000Z',
        status: 'done',
        created_at: '2026-09-02T01:30:00.120Z',
        started_at: '2026-09-02T01:30:00.300Z',
        listed_at: '2026-09-02T01:30:00.420Z',
        backups: { scheduled: 0, pending: 0, done: 2, error: 0 },
        findings: {
          listed: 4,
          backed_up: ['crm', 'shop'],
          added: ['crm'],
          vanished: [],
          returned: [],
          released: [],
          left_out: ['postgres', 'test_1'],
          passed_over: [],
          suspicious: null,
        },
        attempt: 1,
        cancel_requested_at: null,
        error: null,
      },
    ],
  });

const none: RunCounts = { scheduled: 0, pending: 0, done: 0, error: 0 };

export function presentRun(run: PolicyRun, counts: RunCounts = none): z.input<typeof runView> {
  const { findings } = run;
  return {
    id: run.id,
    policy_id: run.policyId,
    scheduled_for: presentTime(run.scheduledFor),
    status: runStatus(run, counts),
    created_at: presentTime(run.createdAt),
    started_at: presentTime(run.startedAt),
    listed_at: presentTime(run.completedAt),
    backups: counts,
    findings: findings && {
      listed: findings.listed,
      backed_up: findings.backedUp,
      added: findings.added,
      vanished: findings.vanished,
      returned: findings.returned,
      released: findings.released,
      left_out: findings.leftOut,
      passed_over: findings.passedOver,
      suspicious: findings.suspicious,
    },
    attempt: run.attempt,
    cancel_requested_at: presentTime(run.cancelRequestedAt),
    error: runError(run, counts),
  };
}
