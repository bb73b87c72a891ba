import { lookup } from 'node:dns';
import { HoldfastError, hookPhases, type Database, type Hooks } from '@holdfast/shared/domain';
import { AddressGuard } from '@holdfast/shared/security';
import { z } from 'zod';
import { invalid, type FieldProblems } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { hookRunView, presentHookRun } from '../../presenters/hook.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { givesHooks, keptFromRemote } from './hooks-field.ts';
import { ownedBackupOf, type Owner } from './owned.ts';

const lookupLimitMs = 2000;

/**
 * Refuses hooks that could not run: for a database of a remote server, commands where the operator allows none, longer limits than
 * there may be, addresses that nothing is sent to.
 * @throws Problem 422
 */
export async function requireHooks(
  { deps: { settings } }: Owner,
  asked: { hooks?: Hooks | null | undefined },
  serverId: Database['serverId'],
): Promise<void> {
  const { hooks } = asked;
  if (!hooks) return;
  if (serverId !== null && givesHooks(asked)) throw invalid({ hooks: [`The hooks field ${keptFromRemote}.`] });
  const fields: FieldProblems = {};
  const guard = new AddressGuard(settings.HOLDFAST_ALLOWED_NETWORKS);
  for (const phase of hookPhases) {
    for (const [position, hook] of hooks[phase].entries()) {
      const wrong = (field: string, problem: string): void => {
        const name = `hooks.${phase}.${position}.${field}`;
        (fields[name] ??= []).push(`The ${name} field ${problem}`);
      };
      if (hook.timeoutSeconds > settings.HOLDFAST_HOOK_SECONDS) {
        wrong('timeout_seconds', `must be at most ${settings.HOLDFAST_HOOK_SECONDS}.`);
      }
      if (hook.type === 'command' && settings.HOLDFAST_HOOKS === undefined) {
        wrong('type', 'must not be command: the operator allows none, as HOLDFAST_HOOKS is not set.');
      }
      if (hook.type === 'http') {
        const forbidden = await forbiddenAddress(guard, hook.url);
        if (forbidden !== null) wrong('url', `is not allowed. ${forbidden}`);
      }
    }
  }
  if (Object.keys(fields).length > 0) throw invalid(fields);
}

/** Told early where it can be told; each request is guarded by itself, as names change. */
async function forbiddenAddress(guard: AddressGuard, url: string): Promise<string | null> {
  try {
    await guard.checkHost(new URL(url).hostname, lookup, lookupLimitMs);
    return null;
  } catch (error) {
    if (error instanceof HoldfastError) return error.message;
    throw error;
  }
}

const list = route({
  method: 'GET',
  path: '/api/databases/:db/backups/:id/hooks',
  dialect,
  scope: 'backups:read',
  summary: 'What the hooks around the attempts at a backup did, in the order of their beginning.',
  answers: 200,
  response: z.strictObject({ hooks: z.array(hookRunView) }),
  handler: async (call) => {
    const backup = await ownedBackupOf(call, call.params.db, call.params.id);
    const runs = await call.deps.persistence.hooks.listOfBackup(backup.id);
    return { hooks: runs.map(presentHookRun) };
  },
});

export const hookRoutes = [list];
