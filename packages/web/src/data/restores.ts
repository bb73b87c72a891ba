import type { Answer, Body } from '@holdfast/client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { isUnderWay } from './backups.ts';
import { answerOf } from './answer.ts';
import { api } from './client.ts';
import { databaseKey } from './databases.ts';
import { watched } from './watched.ts';

export type Restore = Answer<'/api/databases/{db}/backup_restorations/{rid}', 'get'>['backup_restoration'];
export type Preflight = Answer<'/api/databases/{db}/backups/{id}/restore/preflight', 'post'>['preflight'];
export type RestoreWish = Body<'/api/databases/{db}/backups/{id}/restore', 'post'>;

export const useRestores = (db: string) =>
  useQuery({
    queryKey: [...databaseKey(db), 'restores'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/databases/{db}/backup_restorations', { params: { path: { db } } })))
        .backup_restorations,
    refetchInterval: ({ state }) => watched(state.data?.some(isUnderWay) ?? false),
  });

/** @param rid null while there is none */
export const useRestore = (db: string, rid: string | null) =>
  useQuery({
    queryKey: ['restores', rid],
    enabled: rid !== null,
    queryFn: async () => {
      const path = { db, rid: rid ?? '' };
      return (await answerOf(api.GET('/api/databases/{db}/backup_restorations/{rid}', { params: { path } })))
        .backup_restoration;
    },
    refetchInterval: ({ state }) => watched(state.data !== undefined && isUnderWay(state.data)),
  });

/** A look that changes nothing, so that it is asked anew whenever the wish changes and kept while it stays. */
export const usePreflight = (db: string, id: string, wish: RestoreWish, enabled: boolean) =>
  useQuery({
    queryKey: ['backups', id, 'preflight', wish],
    enabled,
    retry: false,
    staleTime: 60_000,
    queryFn: async () => {
      return (
        await answerOf(
          api.POST('/api/databases/{db}/backups/{id}/restore/preflight', {
            params: { path: { db, id } },
            body: wish,
          }),
        )
      ).preflight;
    },
  });

function useChanged(db: string) {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: [...databaseKey(db), 'restores'] }),
      client.invalidateQueries({ queryKey: ['restores'] }),
    ]);
}

export const useStartRestore = (db: string, id: string) =>
  useMutation({
    mutationFn: async (wish: RestoreWish) =>
      await answerOf(
        api.POST('/api/databases/{db}/backups/{id}/restore', {
          params: { path: { db, id } },
          body: wish,
        }),
      ),
    onSuccess: useChanged(db),
  });

export const useCancelRestore = (db: string) =>
  useMutation({
    mutationFn: async (rid: string) => {
      await api.POST('/api/databases/{db}/backup_restorations/{rid}/cancel', { params: { path: { db, rid } } });
    },
    onSuccess: useChanged(db),
  });

/** @returns the restore that swaps the former content back */
export const useUndoRestore = (db: string) =>
  useMutation({
    mutationFn: async (rid: string) =>
      await answerOf(
        api.POST('/api/databases/{db}/backup_restorations/{rid}/undo', {
          params: { path: { db, rid } },
        }),
      ),
    onSuccess: useChanged(db),
  });
