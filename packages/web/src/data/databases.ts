import type { Answer, Body } from '@holdfast/client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

export type Database = Answer<'/api/databases/{db}', 'get'>['database'];
export type DatabaseType = Database['type'];
export type DatabaseTest = Answer<'/api/databases/{db}/test', 'post'>['database_test'];
export type DatabaseChange = Body<'/api/databases/{db}', 'patch'>['database'];

const listKey = ['databases', 'list'];
/** Everything of one database, so that a change of it is one invalidation. */
export const databaseKey = (db: string) => ['databases', db] as const;

export const useDatabases = () =>
  useQuery({
    queryKey: listKey,
    queryFn: async () => (await answerOf(api.GET('/api/databases'))).databases,
  });

/** @param db its id; by its name it is found too, but events do not tell of it */
export const useDatabase = (db: string) =>
  useQuery({
    queryKey: databaseKey(db),
    queryFn: async () => {
      return (await answerOf(api.GET('/api/databases/{db}', { params: { path: { db } } }))).database;
    },
  });

export function useChangeDatabase(db: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (database: DatabaseChange) =>
      (await answerOf(api.PATCH('/api/databases/{db}', { params: { path: { db } }, body: { database } }))).database,
    onSuccess: () =>
      Promise.all([['databases'], ['protection']].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}

/** Connects to the database and its destination as a backup would. */
export const useTestDatabase = (db: string) =>
  useMutation({
    mutationFn: async () =>
      (await answerOf(api.POST('/api/databases/{db}/test', { params: { path: { db } } }))).database_test,
  });

export function useRemoveDatabase(db: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await api.DELETE('/api/databases/{db}', { params: { path: { db } } });
    },
    onSuccess: () => {
      client.removeQueries({ queryKey: databaseKey(db) });
      return Promise.all([listKey, ['protection']].map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
}
