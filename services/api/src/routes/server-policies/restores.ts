import { ownershipModes } from '@holdfast/shared/domain';
import { z } from 'zod';
import { text } from '../../http/fields.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { presentRestore, restoreView } from '../../presenters/restore.ts';
import { idView } from '../../presenters/values.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';
import { restoreAllowDamaged, restoreKeepHours } from '../restore-fields.ts';
import { ringForNew } from '../ring.ts';
import { ownedRun, path } from './owned.ts';
import { planRunRestore } from './restore-run.ts';

const mostDatabases = 10_000;

const target = z.union([z.strictObject({ in_place: z.literal(true) }), z.strictObject({ suffix: text(40) })], {
  error: 'must be {"in_place": true} or {"suffix": "<end of the names of new databases>"}',
});

/** Strict, as restores of single backups are. */
export const runRestoreRequest = z
  .strictObject({
    target: target.optional(),
    to_policy_id: z
      .string()
      .optional()
      .meta({ description: 'The policy of another server to restore to; its own when absent.' }),
    databases: z
      .array(z.string())
      .min(1)
      .max(mostDatabases)
      .optional()
      .meta({ description: 'By their names on the server; all when absent.' }),
    globals: z.boolean().optional().meta({
      description:
        'Whether the server’s globals come first; when absent they do, but for new databases beside the old ones.',
    }),
    ownership: z.enum(ownershipModes).optional(),
    keep_hours: restoreKeepHours.optional(),
    allow_partial: z.boolean().optional().meta({ description: 'Restores what is good of a run that is not whole.' }),
    allow_damaged: restoreAllowDamaged.optional(),
  })
  .optional()
  .meta({
    description: 'Without a target each database is restored in place.',
    examples: [{}, { target: { suffix: '_of_monday' } }, { to_policy_id: '01991f50-07d4-7d0e-9f6b-2f6a4d1b8c77' }],
  });

const create = route({
  method: 'POST',
  path: `${path}/:id/runs/:run/restore`,
  dialect,
  scope: 'restores:create',
  audit: 'restore.create',
  summary:
    'Restores the backups of a run together: all restores are made, the one with the server’s globals begins first, or none is.',
  answers: 201,
  creates: true,
  response: z.strictObject({ run_restore: z.strictObject({ id: idView, restores: z.array(restoreView) }) }),
  otherwise: { 409: 'The run is not whole, or another restore onto one of its targets waits or runs.' },
  body: runRestoreRequest,
  finds: ownedRun,
  handler: async (call, found) => {
    const wish = call.body ?? {};
    const { deps, accountId, requestId } = call;
    const groupId = call.resourceId ?? deps.ids.uuid();
    const restores = await deps.persistence.policyRuns.restore({
      ...(await planRunRestore(call, found, wish)),
      groupId,
      accountId,
      requestId,
      maxFailures: deps.settings.HOLDFAST_MAX_FAILURES,
      allowDamaged: wish.allow_damaged === true,
    });
    if (!restores) throw notFound('The policy to restore to does not exist any more.');
    if ('busy' in restores) {
      throw conflict(`Another restore onto "${restores.busy}" waits or runs: wait until it has ended. None was made.`);
    }
    if ('gone' in restores)
      throw conflict(`The backup of "${restores.gone}" has just been deleted. No restore was made.`);
    const [first] = restores;
    if (first) await ringForNew(call, 'restore', first.id);
    return { run_restore: { id: groupId, restores: restores.map((restore) => presentRestore(restore, [])) } };
  },
});

const list = route({
  method: 'GET',
  path: `${path}/:id/runs/:run/restores`,
  dialect,
  scope: 'backups:read',
  summary: 'The restores of a run, newest first; those that were asked for together have the same `group_id`.',
  answers: 200,
  response: z.strictObject({ restores: z.array(restoreView) }),
  handler: async (call) => {
    const { run } = await ownedRun(call);
    const { policyRuns, restores } = call.deps.persistence;
    const found = await policyRuns.restoresOf(run.id);
    const attempts = await restores.attemptsOf(found.map(({ id }) => id));
    return { restores: found.map((restore) => presentRestore(restore, attempts.get(restore.id) ?? [])) };
  },
});

export const runRestoreRoutes = [create, list];
