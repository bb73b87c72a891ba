import type { Answer, Body } from '@holdfast/client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

const path = '/api/backup-destinations';
const one = `${path}/{id}` as const;

export type Destination = Answer<typeof one, 'get'>['data'];
export type NewDestination = Body<typeof path, 'post'>;
export type Usage = Answer<`${typeof one}/usage`, 'get'>['data'];
export type Reconciliation = Answer<`${typeof one}/reconciliation`, 'get'>['data'];
export type Import = Answer<`${typeof one}/import`, 'get'>['data'];
export type Tested = Answer<`${typeof one}/test`, 'post'>['data'];

const keys = {
  all: ['destinations'],
  list: ['destinations', 'list'],
  one: (id: number) => ['destinations', String(id)],
  part: (id: number, part: 'usage' | 'reconciliation' | 'import') => ['destinations', String(id), part],
};
const idOf = (id: number) => ({ params: { path: { id } } });

const perPage = 100;

/** All of the account, newest first; looked at anew wherever it is shown, as no event tells of another one. */
export const useDestinations = () =>
  useQuery({
    queryKey: keys.list,
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const found: Destination[] = [];
      for (let page = 1; ; page += 1) {
        const query = { page, per_page: perPage };
        const { data, meta } = await answerOf(api.GET(path, { params: { query }, signal }));
        found.push(...data);
        if (page >= meta.last_page) return found;
      }
    },
  });

export const useDestination = (id: number) =>
  useQuery({
    queryKey: keys.one(id),
    queryFn: async ({ signal }) => (await answerOf(api.GET(one, { ...idOf(id), signal }))).data,
  });

export const useUsage = (id: number) =>
  useQuery({
    queryKey: keys.part(id, 'usage'),
    queryFn: async ({ signal }) => (await answerOf(api.GET(`${one}/usage`, { ...idOf(id), signal }))).data,
  });

/** Work in the background is looked at until it has ended: no event tells of it. */
const whileBusy = ({ state }: { state: { data: { status: string } | undefined } }): number | false =>
  state.data?.status === 'requested' || state.data?.status === 'running' ? 2000 : false;

export const useReconciliation = (id: number) =>
  useQuery({
    queryKey: keys.part(id, 'reconciliation'),
    queryFn: async ({ signal }) => (await answerOf(api.GET(`${one}/reconciliation`, { ...idOf(id), signal }))).data,
    refetchInterval: whileBusy,
  });

export const useImport = (id: number) =>
  useQuery({
    queryKey: keys.part(id, 'import'),
    queryFn: async ({ signal }) => (await answerOf(api.GET(`${one}/import`, { ...idOf(id), signal }))).data,
    refetchInterval: whileBusy,
  });

/** Adds a destination, or changes the one of that id: what is absent stays as it is. */
export function useSaveDestination(id: number | null) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ body, force = false }: { body: NewDestination; force?: boolean }) => {
      const answer =
        id === null
          ? api.POST(path, { body })
          : api.PUT(one, { params: { path: { id }, ...(force && { query: { force } }) }, body });
      return (await answerOf<{ data: Destination }>(answer)).data;
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.all }),
  });
}

export function useTestDestination() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (id: number) => (await answerOf(api.POST(`${one}/test`, idOf(id)))).data,
    // What the place can do was noted.
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.all }),
  });
}

export function useReconcile(id: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => (await answerOf(api.POST(`${one}/reconcile`, idOf(id)))).data,
    onSuccess: (data) => queries.setQueryData(keys.part(id, 'reconciliation'), data),
  });
}

export function useStartImport(id: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => (await answerOf(api.POST(`${one}/import`, idOf(id)))).data,
    onSuccess: (data) => queries.setQueryData(keys.part(id, 'import'), data),
  });
}

export function useDeleteDestination(id: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ force }: { force: boolean }) => {
      await api.DELETE(one, { params: { path: { id }, query: { force } } });
    },
    onSuccess: async () => {
      queries.removeQueries({ queryKey: keys.one(id) });
      await queries.invalidateQueries({ queryKey: keys.list });
    },
  });
}
