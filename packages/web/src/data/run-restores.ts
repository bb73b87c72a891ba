import { ApiError, type Body } from '@holdfast/client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { isUnderWay } from './backups.ts';
import { api } from './client.ts';
import type { Preflight, RestoreWish } from './restores.ts';
import { watched } from './watched.ts';

const path = '/api/server-policies/{id}/runs/{run}';

export type RunRestoreWish = NonNullable<Body<`${typeof path}/restore`, 'post'>>;

/** One restore of those that are asked for together. */
export interface RunPart {
  /** Its name on the server. */
  database: string;
  databaseId: string;
  backupId: string;
  wish: NonNullable<RestoreWish>;
}

/** What a look at one database found; the refusal where nobody could look. */
export interface RunLook {
  part: RunPart;
  found: Preflight | ApiError;
}

const keyOf = (id: string, run: string) => ['restores', 'run', id, run] as const;

/** All restores of a run, newest first. */
export const useRunRestores = (id: string, run: string) =>
  useQuery({
    queryKey: keyOf(id, run),
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET(`${path}/restores`, { params: { path: { id, run } }, signal }))).restores,
    refetchInterval: ({ state }) => watched(state.data?.some(isUnderWay) ?? false),
  });

/** Looks at one database after the other, so that their server has one visitor at a time; nothing is changed. */
export const useRunLook = (run: string, parts: readonly RunPart[]) =>
  useQuery({
    queryKey: ['run-look', run, parts],
    retry: false,
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const looks: RunLook[] = [];
      for (const part of parts) looks.push({ part, found: await look(part, signal) });
      return looks;
    },
  });

async function look({ databaseId: db, backupId: id, wish }: RunPart, signal: AbortSignal): Promise<RunLook['found']> {
  try {
    const params = { path: { db, id } };
    const asked = api.POST('/api/databases/{db}/backups/{id}/restore/preflight', { params, body: wish, signal });
    return (await answerOf(asked)).preflight;
  } catch (error) {
    if (error instanceof ApiError && error.status !== 401) return error;
    throw error;
  }
}

/** @returns all restores with the id of their group: every one is made, or none is */
export function useRestoreRun(id: string, run: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: RunRestoreWish) =>
      (await answerOf(api.POST(`${path}/restore`, { params: { path: { id, run } }, body }))).run_restore,
    onSuccess: () =>
      Promise.all([['restores'], ['databases']].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
}
