import { preflight as look, requestOf, type PreflightReport } from '@holdfast/pipeline';
import { backupKeysOf } from '@holdfast/shared/config';
import {
  connectionOf,
  errorCodes,
  estimateRestore,
  HoldfastError,
  type Backup,
  type PreflightFinding,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { invalid, Problem } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { withinSeconds } from '../../http/time-limit.ts';
import { damageOf, planRestore, type RestorePlan, type RestoreWish } from '../restoring.ts';
import type { Probing } from '../probing.ts';
import { withStore } from './archive.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackupOf } from './owned.ts';
import { restoreRequest } from './restores.ts';

/** Seconds that the look may take, so that its answer comes before clients lose patience. */
const lookSeconds = 20;

const preflightView = z
  .strictObject({
    ok: z.boolean().meta({ description: 'Whether nothing was found that would make the restore fail.' }),
    findings: z.array(
      z.strictObject({
        severity: z.enum(['blocker', 'warning', 'note']).meta({
          description: '`blocker`: the restore would fail; `warning`: it may not do what is expected.',
        }),
        code: z.string(),
        message: z.string().meta({ description: 'What was found and what to do, for people.' }),
      }),
    ),
    estimate: z
      .strictObject({
        seconds: z.int().min(0),
        based_on: z.enum(['database', 'account']).meta({
          description: 'Whose finished restores it was told from: those onto the same database, or all of the account.',
        }),
      })
      .nullable()
      .meta({ description: 'How long the restore may take; null: there is nothing to tell it from.' }),
  })
  .meta({
    id: 'RestorePreflight',
    description: 'What a look before a restore found.',
    examples: [
      {
        ok: false,
        findings: [
          {
            severity: 'blocker',
            code: 'restore_target_exists',
            message: 'Database "shop_restored" exists already: choose another name, or drop it.',
          },
        ],
        estimate: { seconds: 42, based_on: 'database' },
      },
    ],
  });

const preflight = route({
  method: 'POST',
  path: '/api/databases/:db/backups/:id/restore/preflight',
  dialect,
  scope: 'restores:create',
  audit: { none: 'It only looks.' },
  summary: 'Looks whether the same request for a restore could succeed, and how long it may take. Changes nothing.',
  answers: 200,
  response: z.strictObject({ preflight: preflightView }),
  otherwise: {
    409: 'The backup is not done.',
    502: 'The store or the database server cannot be reached at the moment.',
    504: `They did not answer within ${lookSeconds} seconds.`,
  },
  body: restoreRequest,
  finds: (call) => ownedBackupOf(call, call.params.db, call.params.id),
  handler: async (call, backup) => {
    const wish = call.body ?? {};
    const plan = await planRestore(call, backup, wish);
    if (plan.serverId !== null) {
      throw invalid({ target: ['The target field must lead to a database that is not behind a remote server.'] });
    }
    const { findings, plainBytes } = await looked(call, backup, plan);
    const all = [...damageFindings(backup, wish), ...findings];
    const estimate = estimateRestore(plainBytes, await call.deps.persistence.restores.pacesFor(plan.database.id));
    return {
      preflight: {
        ok: all.every(({ severity }) => severity !== 'blocker'),
        findings: all,
        estimate: estimate && { seconds: estimate.seconds, based_on: estimate.basedOn },
      },
    };
  },
});

function damageFindings(backup: Backup, { allow_damaged: allowed }: RestoreWish): PreflightFinding[] {
  if (backup.damagedAt === null) return [];
  return [{ severity: allowed === true ? 'warning' : 'blocker', code: 'damaged', message: damageOf(backup) }];
}

/**
 * What no attempt could mend speaks against the restore; what may pass by itself speaks of nothing but this moment.
 * @throws Problem 502, 504
 */
async function looked(call: Probing, backup: Backup, plan: RestorePlan): Promise<PreflightReport> {
  try {
    return await withinSeconds(lookSeconds, call.signal, (signal) => lookAt(call, backup, plan, signal));
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'cancelled') throw error;
    const { code, message } = error;
    const { retry } = errorCodes[code];
    if (retry === 'final') return { findings: [{ severity: 'blocker', code, message }], plainBytes: null };
    if (retry === 'unknown') throw error;
    throw new Problem(code === 'timed_out' ? 504 : 502, message);
  }
}

async function lookAt(
  { deps }: Probing,
  backup: Backup,
  { database, target, ownership, fileIds, selection, keepHours }: RestorePlan,
  signal: AbortSignal,
): Promise<PreflightReport> {
  const { manifestKey, manifestSha256 } = backup;
  if (manifestKey === null) throw new HoldfastError('object_missing', 'The backup has no manifest.');
  return await withStore(deps, backup, (store) =>
    look({
      request: requestOf({ id: deps.ids.uuid(), target, ownership, selection, keepHours }),
      manifestKey,
      manifestSha256,
      database: connectionOf(database),
      engine: deps.engines.get(database.type),
      store,
      keys: backupKeysOf(deps.settings),
      fileIds,
      signal,
    }),
  );
}

export const preflightRoutes = [preflight];
