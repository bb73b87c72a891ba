import type { Answer } from '@holdfast/client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

export type Server = Answer<'/api/servers/{id}', 'get'>['server'];
export type NewServer = Answer<'/api/servers', 'post'>['server'];

const all = ['servers'];

/** A server that asks for work is seen each minute: looked at as often, so that a page left open tells the truth. */
const lookAgainMs = 30_000;

export const useServers = ({ enabled = true }: { enabled?: boolean } = {}) =>
  useQuery({
    queryKey: [...all, 'list'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/servers', { signal }))).servers,
    refetchInterval: lookAgainMs,
    enabled,
  });

export const useServer = (id: number) =>
  useQuery({
    queryKey: [...all, String(id)],
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET('/api/servers/{id}', { params: { path: { id } }, signal }))).server,
    refetchInterval: lookAgainMs,
  });

/** Its token is in the answer, and never again in any other. */
export function useCreateServer() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) =>
      (await answerOf(api.POST('/api/servers', { body: { server: { name } } }))).server,
    onSuccess: () => queries.invalidateQueries({ queryKey: all }),
  });
}

export function useDeleteServer(id: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await api.DELETE('/api/servers/{id}', { params: { path: { id } } });
    },
    onSuccess: async () => {
      queries.removeQueries({ queryKey: [...all, String(id)] });
      await queries.invalidateQueries({ queryKey: [...all, 'list'] });
    },
  });
}
