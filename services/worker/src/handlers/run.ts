import type { JobHandlers } from '@holdfast/shared/contracts';
import { HoldfastError, type ListedDatabase, type PolicyRun, type ServerPolicy } from '@holdfast/shared/domain';
import { Attempt, type AttemptKind } from '../attempt.ts';
import type { HandlerDeps } from '../deps.ts';
import { needed } from './needed.ts';

/** Seconds in which a server must have told the names of its databases. */
const listSeconds = 60;

interface Look {
  server: ServerPolicy;
  databases: ListedDatabase[];
}

/** Begins a run of a policy: claims it, lists what its server has, settles with a backup of each database that is covered. */
export function runHandler(deps: HandlerDeps): JobHandlers['run.begin@1'] {
  const { persistence, engines, settings, logger } = deps;
  const kind: AttemptKind<PolicyRun, Look> = {
    name: 'run',
    repository: persistence.policyRuns,
    run: async ({ policyId }, { signal, onEngine }) => {
      const server = needed(await persistence.policies.find(policyId), 'policy');
      onEngine(server.type);
      const engine = engines.get(server.type);
      if (!engine.list) {
        throw new HoldfastError(
          'configuration',
          `A server of the kind "${server.type}" has no databases to be listed.`,
        );
      }
      const limit = AbortSignal.timeout(listSeconds * 1000);
      try {
        return { server, databases: await engine.list(server, { signal: AbortSignal.any([signal, limit]) }) };
      } catch (error) {
        if (signal.aborted || !limit.aborted) throw error;
        throw new HoldfastError(
          'server_silent',
          `The server did not list its databases within ${listSeconds} seconds.`,
        );
      }
    },
    settle: async ({ id, attempt }, { server, databases }) => {
      const maxFailures = settings.HOLDFAST_MAX_FAILURES;
      const settled = await persistence.policyRuns.settle(id, attempt, { server, databases, maxFailures });
      if (settled === 'changed') logger.info({ runId: id }, 'the policy was changed meanwhile: the run begins anew');
      return settled !== 'stale';
    },
    summary: ({ databases }) => ({ databases: databases.length }),
  };
  return ({ runId }) => Attempt.run(deps, kind, runId);
}
