import { z } from 'zod';
import { looksLikeUuid, wholeNumber } from '../../http/fields.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { backupView } from '../../presenters/backup.ts';
import { memberView, presentMember, presentRun, runView } from '../../presenters/server-policy.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';
import { showBackups } from '../databases/shown.ts';
import { ringForNew } from '../ring.ts';
import { noPolicy, ownedPolicy, ownedRun, path } from './owned.ts';

const most = 1000;
const usual = 50;

const create = route({
  method: 'POST',
  path: `${path}/:id/runs`,
  dialect,
  scope: 'backups:create',
  audit: 'run.create',
  summary:
    'Asks for a run of a policy now: each database that it covers gets a backup, which is kept until somebody deletes it.',
  answers: 201,
  creates: true,
  response: z.strictObject({ policy_run: runView }),
  body: z
    .object({})
    .optional()
    .meta({ description: 'May be empty or absent.', examples: [{}] }),
  finds: (call) => ownedPolicy(call, call.params.id),
  otherwise: { 409: 'A run of it is still to list its server.' },
  handler: async (call, policy) => {
    const run = await call.deps.persistence.policyRuns.create({
      id: call.resourceId,
      policyId: policy.id,
      requestId: call.requestId,
      maxFailures: call.deps.settings.HOLDFAST_MAX_FAILURES,
    });
    if (!run) throw noPolicy();
    if (run === 'busy') throw conflict('A run of this policy is still to list its server: that one sees the same.');
    await ringForNew(call, 'run', run.id);
    return { policy_run: presentRun(run) };
  },
});

const list = route({
  method: 'GET',
  path: `${path}/:id/runs`,
  dialect,
  scope: 'backups:read',
  summary: 'The runs of a policy, newest first.',
  answers: 200,
  query: z.object({
    limit: wholeNumber(1, most)
      .optional()
      .meta({ description: `${usual} when absent.`, examples: ['100'] }),
    before: z.iso
      .datetime({ offset: true, error: 'must be a time such as 2026-09-02T01:30:00Z' })
      .transform((given) => new Date(given))
      .optional()
      .meta({ description: 'The last `created_at` of the page before.', examples: ['2026-09-02T01:30:00.000Z'] }),
  }),
  response: z.strictObject({ policy_runs: z.array(runView).max(most) }),
  finds: (call) => ownedPolicy(call, call.params.id),
  handler: async (call, policy) => {
    const { policyRuns } = call.deps.persistence;
    const { limit = usual, before = null } = call.query;
    const runs = await policyRuns.listOfPolicy(policy.id, { limit, before });
    const counts = await policyRuns.counts(runs.map(({ id }) => id));
    return { policy_runs: runs.map((run) => presentRun(run, counts.get(run.id))) };
  },
});

const show = route({
  method: 'GET',
  path: `${path}/:id/runs/:run`,
  dialect,
  scope: 'backups:read',
  summary: 'One run of a policy, and its backups in the order of the names of their databases.',
  answers: 200,
  response: z.strictObject({ policy_run: runView, database_backups: z.array(backupView) }),
  handler: async (call) => {
    const { run } = await ownedRun(call);
    const { policyRuns } = call.deps.persistence;
    const counts = await policyRuns.counts([run.id]);
    const backups = await showBackups(call.deps, await policyRuns.backupsOf(run.id));
    return { policy_run: presentRun(run, counts.get(run.id)), database_backups: backups };
  },
});

const cancel = route({
  method: 'POST',
  path: `${path}/:id/runs/:run/cancel`,
  dialect,
  scope: 'backups:create',
  audit: 'run.cancel',
  summary:
    'Ends a run with all of its backups: what waits at once, what runs as soon as possible. What is done stays. May be repeated.',
  answers: 200,
  response: z.strictObject({ policy_run: runView }),
  otherwise: { 409: 'It has ended otherwise.' },
  finds: ownedRun,
  handler: async (call, { run: { id } }) => {
    const { policyRuns } = call.deps.persistence;
    const isCancelled = await policyRuns.cancel(id);
    const { run } = await ownedRun(call);
    const counts = (await policyRuns.counts([id])).get(id);
    const shown = presentRun(run, counts);
    if (run.cancelRequestedAt === null)
      throw conflict(`This run has already ended as ${shown.status}: there is nothing to cancel any more.`);
    if (isCancelled) call.log.info({ runId: id, backups: counts }, 'run cancelled');
    return { policy_run: shown };
  },
});

const answerVanished = route({
  method: 'POST',
  path: `${path}/:id/databases/:db/vanished`,
  dialect,
  scope: 'databases:write',
  audit: 'database.vanished',
  summary:
    'Says whether it is as it should be that the server does not list a database any more. Its backups stay as they are.',
  answers: 200,
  response: z.strictObject({ database: memberView }),
  body: z.strictObject({ expected: z.boolean() }).meta({ examples: [{ expected: true }] }),
  otherwise: { 409: 'It is there.' },
  finds: async (call) => {
    const policy = await ownedPolicy(call, call.params.id);
    const { db } = call.params;
    const members = looksLikeUuid(db) ? await call.deps.persistence.policies.members(policy.id) : [];
    const member = members.find(({ id }) => id === db.toLowerCase());
    if (!member) throw notFound('This database does not exist, or the policy does not cover it.');
    return { policy, member };
  },
  handler: async (call, { policy, member }) => {
    const answered = await call.deps.persistence.policies.answerVanished(policy.id, member.id, call.body.expected);
    if (!answered) throw conflict('The server lists this database: there is nothing to be answered.');
    return { database: presentMember(answered) };
  },
});

export const policyRunRoutes = [create, list, show, cancel, answerVanished];
