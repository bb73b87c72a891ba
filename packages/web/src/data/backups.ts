import type { Answer } from '@holdfast/client';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';
import { databaseKey } from './databases.ts';
import { watched } from './watched.ts';

export type Backup = Answer<'/api/backups/{id}', 'get'>['database_backup'];
export type Attempt = Backup['attempts'][number];
export type BackupFile = Answer<'/api/databases/{db}/backups/{id}/files', 'get'>['files'][number];
export type HookRun = Answer<'/api/databases/{db}/backups/{id}/hooks', 'get'>['hooks'][number];
export type Verification = Answer<'/api/verifications/{id}', 'get'>['verification'];
export type Level = Verification['level'];
export type Deletion = Answer<'/api/databases/{db}/deleted_backups', 'get'>['deleted_backups'][number];
type Status = Backup['status'];

export const levels: readonly Level[] = ['stored', 'readable', 'restorable', 'identical'];
/** Whether work waits or runs, so that what is shown of it will change. */
export const isUnderWay = ({ status }: { status: Status }): boolean => status === 'scheduled' || status === 'pending';

const pageSize = 50;

export const useBackups = (db: string) =>
  useInfiniteQuery({
    queryKey: [...databaseKey(db), 'backups'],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam }) => {
      return (
        await answerOf(
          api.GET('/api/databases/{db}/backups', {
            params: {
              path: { db },
              query: { limit: `${pageSize}`, ...(pageParam !== undefined && { before: pageParam }) },
            },
          }),
        )
      ).database_backups;
    },
    getNextPageParam: (page) => (page.length < pageSize ? undefined : page.at(-1)?.id),
    refetchInterval: ({ state }) => watched(state.data?.pages.flat().some(isUnderWay) ?? false),
  });

export const useBackup = (id: string) =>
  useQuery({
    queryKey: ['backups', id],
    queryFn: async () => (await answerOf(api.GET('/api/backups/{id}', { params: { path: { id } } }))).database_backup,
    refetchInterval: ({ state }) => watched(state.data !== undefined && isUnderWay(state.data)),
  });

export const useBackupFiles = (db: string, id: string) =>
  useQuery({
    queryKey: ['backups', id, 'files'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/databases/{db}/backups/{id}/files', { params: { path: { db, id } } }))).files,
  });

export const useHookRuns = (db: string, id: string) =>
  useQuery({
    queryKey: ['backups', id, 'hooks'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/databases/{db}/backups/{id}/hooks', { params: { path: { db, id } } }))).hooks,
  });

export const useVerifications = (db: string, id: string) =>
  useQuery({
    queryKey: ['backups', id, 'verifications'],
    queryFn: async () => {
      return (
        await answerOf(
          api.GET('/api/databases/{db}/backups/{id}/verifications', {
            params: { path: { db, id } },
          }),
        )
      ).verifications;
    },
    refetchInterval: ({ state }) => watched(state.data?.some(isUnderWay) ?? false),
  });

export const useDatabaseVerifications = (db: string) =>
  useQuery({
    queryKey: [...databaseKey(db), 'verifications'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/databases/{db}/verifications', { params: { path: { db } } }))).verifications,
    refetchInterval: ({ state }) => watched(state.data?.some(isUnderWay) ?? false),
  });

export const useDeletions = (db: string) =>
  useQuery({
    queryKey: [...databaseKey(db), 'deletions'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/databases/{db}/deleted_backups', { params: { path: { db } } }))).deleted_backups,
  });

/** After a change of a database's backups, of one of them or of what is proven of it. */
function useChanged(db: string) {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: databaseKey(db) }),
      client.invalidateQueries({ queryKey: ['backups'] }),
    ]);
}

export function useBackUp() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (db: string) =>
      (
        await answerOf(
          api.POST('/api/databases/{db}/backups', {
            params: { path: { db } },
            body: {},
          }),
        )
      ).database_backup,
    onSuccess: () => client.invalidateQueries({ queryKey: ['databases'] }),
  });
}

export const useCancelBackup = (db: string) =>
  useMutation({
    mutationFn: async (id: string) => {
      await api.POST('/api/databases/{db}/backups/{id}/cancel', { params: { path: { db, id } } });
    },
    onSuccess: useChanged(db),
  });

export const useDeleteBackup = (db: string) =>
  useMutation({
    mutationFn: async ({ id, force }: { id: string; force: boolean }) => {
      const query = { force: force ? 'true' : 'false' } as const;
      await api.DELETE('/api/databases/{db}/backups/{id}', { params: { path: { db, id }, query } });
    },
    onSuccess: useChanged(db),
  });

export const useUndelete = (db: string) =>
  useMutation({
    mutationFn: async (id: string) => {
      await api.POST('/api/databases/{db}/backups/{id}/undelete', { params: { path: { db, id } } });
    },
    onSuccess: useChanged(db),
  });

export const useLockBackup = (db: string) =>
  useMutation({
    mutationFn: async ({ id, locked }: { id: string; locked: boolean }) => {
      await api.PATCH('/v1/backups/{id}', { params: { path: { id } }, body: { locked } });
    },
    onSuccess: useChanged(db),
  });

export const useVerify = (db: string) =>
  useMutation({
    mutationFn: async ({ id, level }: { id: string; level: Level }) => {
      await api.POST('/api/databases/{db}/backups/{id}/verifications', {
        params: { path: { db, id } },
        body: { verification: { level } },
      });
    },
    onSuccess: useChanged(db),
  });

export const useCancelVerification = (db: string) =>
  useMutation({
    mutationFn: async (id: string) => {
      await api.POST('/api/verifications/{id}/cancel', { params: { path: { id } } });
    },
    onSuccess: useChanged(db),
  });

/** Asks for a link to a file of a backup; it opens the file without a header and ends by itself. */
export const useDownload = (db: string, id: string) =>
  useMutation({
    mutationFn: async (file: BackupFile): Promise<string | undefined> => {
      if (file.role === 'dump') {
        return (await answerOf(api.GET('/api/databases/{db}/backups/{id}/archive', { params: { path: { db, id } } })))
          .download_url;
      }
      const { data } = await answerOf(api.GET('/v1/backups/{id}', { params: { path: { id } } }));
      return data.files.find((one) => one.id === file.id)?.url;
    },
    onSuccess: (url) => {
      if (url !== undefined) location.assign(url);
    },
  });
