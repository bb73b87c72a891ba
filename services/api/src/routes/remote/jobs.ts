import { setTimeout as delay } from 'node:timers/promises';
import type { WorkRepository } from '@holdfast/persistence';
import { claimAnswer, heartbeatAnswer, type RemoteJob } from '@holdfast/shared/contracts';
import { HoldfastError, toHoldfastError, type Server } from '@holdfast/shared/domain';
import type { Response } from 'express';
import { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { notFound } from '../../http/problem.ts';
import { route, type Call } from '../../http/route.ts';
import { absent, remoteDialect as dialect } from './dialect.ts';
import { presentBackupJob, presentRestoreJob, silenceSeconds } from './job.ts';
import { notYours } from './owned.ts';

const pauseMs = 1000;

const claim = route({
  method: 'POST',
  path: '/api/remote/jobs/claim',
  dialect,
  scope: 'server',
  audit: { none: 'A remote server reports on work that others asked for.' },
  summary: 'Begins the oldest work that waits for the server, as soon as there is some; 204 when none came in time.',
  answers: 200,
  body: z
    .object({ wait_seconds: z.number().min(0).max(30).default(25) })
    .prefault({})
    .meta({ examples: [{}, { wait_seconds: 10 }] }),
  response: claimAnswer,
  otherwise: { 204: { description: 'Nothing came in time.', body: null } },
  handler: async (call) => {
    const until = performance.now() + call.body.wait_seconds * 1000;
    for (;;) {
      const job = await claimNext(call);
      if (job) return { job };
      const left = until - performance.now();
      if (left <= 0) return nothing;
      const waits = AbortSignal.any([call.signal, call.stopping]);
      await delay(Math.min(pauseMs, left), undefined, { signal: waits }).catch(() => undefined);
      if (call.signal.aborted) leave();
      if (call.stopping.aborted) return nothing;
    }
  },
});

const heartbeat = route({
  method: 'POST',
  path: '/api/remote/jobs/:id/heartbeat',
  dialect,
  scope: 'server',
  audit: { none: 'A remote server reports on work that others asked for.' },
  summary: 'Says that the server is still at a job, and hears whether to stop.',
  answers: 200,
  body: z
    .object({ bytes: z.int().nonnegative().nullish() })
    .prefault({})
    .meta({ examples: [{ bytes: 1_048_576 }] }),
  response: heartbeatAnswer,
  handler: async (call) => {
    const { deps, server, body, params } = call;
    const repository = await repositoryOf(call, params.id);
    const heard = await repository.heardOfServer(server.id, params.id, {
      silenceSeconds: silenceSeconds(deps),
      progressBytes: body.bytes ?? null,
    });
    // A job that has ended, or was given up, is of no more use either.
    return { cancelled: heard !== 'ok' };
  },
});

/** Restores go first: somebody waits for them. */
async function claimNext(call: Call<string, unknown, unknown, 'server'>): Promise<RemoteJob | null> {
  const { deps, server, signal } = call;
  const { restores, backups } = deps.persistence;
  const restore = await restores.claimOfServer(server.id, silenceSeconds(deps));
  if (restore) return await handedOver(restores, restore, signal, () => presentRestoreJob(call, restore));
  const backup = await backups.claimOfServer(server.id, silenceSeconds(deps));
  return backup && (await handedOver(backups, backup, signal, () => presentBackupJob(deps, backup)));
}

/** Describes a job that was begun. One that cannot be described fails, one that nobody waits for any more is given back. */
async function handedOver(
  repository: Pick<WorkRepository<unknown>, 'handBack' | 'fail'>,
  { id, attempt }: { id: string; attempt: number },
  signal: AbortSignal,
  describe: () => Promise<RemoteJob>,
): Promise<RemoteJob> {
  const job = await describe().catch(async (thrown: unknown) => {
    const error = toHoldfastError(thrown).toPublic();
    await repository.fail(id, attempt, { error, retryable: false, retryInSeconds: 0 });
    throw thrown;
  });
  if (!signal.aborted) return job;
  await repository.handBack(id, attempt);
  return leave();
}

const nothing = async (response: Response): Promise<void> => {
  response.status(204).end();
};

const leave = (): never => {
  throw new HoldfastError('cancelled', 'The client left.');
};

/** The kind of work that a job is. @throws Problem 404, 403 */
async function repositoryOf(
  { deps: { persistence }, server }: { deps: ApiDeps; server: Server },
  id: string,
): Promise<Pick<WorkRepository<unknown>, 'heardOfServer'>> {
  const { restores, backups } = persistence;
  const restore = await restores.find(id);
  const found = restore ?? (await backups.find(id));
  if (!found) throw notFound(absent);
  if (found.serverId !== server.id) throw notYours();
  return restore ? restores : backups;
}

export const jobRoutes = [claim, heartbeat];
