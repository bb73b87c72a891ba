import type { Answer, Body } from '@holdfast/client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

const path = '/api/server-policies';
const one = `${path}/{id}` as const;

export type Policy = Answer<typeof one, 'get'>['server_policy'];
export type Member = Answer<typeof one, 'get'>['databases'][number];
export type NewPolicy = Body<typeof path, 'post'>['server_policy'];
export type PolicyRun = Answer<`${typeof one}/runs`, 'get'>['policy_runs'][number];
export type RunBackup = Answer<`${typeof one}/runs/{run}`, 'get'>['database_backups'][number];
export type PolicyTest = Answer<`${typeof one}/test`, 'post'>['server_policy_test'];

const keys = {
  all: ['policies'],
  list: ['policies', 'list'],
  one: (id: string) => ['policies', id],
  runs: (id: string) => ['policies', id, 'runs'],
  run: (id: string, run: string) => ['policies', id, 'runs', run],
};
const idOf = (id: string) => ({ params: { path: { id } } });

export const usePolicies = () =>
  useQuery({
    queryKey: keys.list,
    queryFn: async ({ signal }) => (await answerOf(api.GET(path, { signal }))).server_policies,
  });

/** The policy and the databases that it covers. */
export const usePolicy = (id: string) =>
  useQuery({
    queryKey: keys.one(id),
    queryFn: async ({ signal }) => await answerOf(api.GET(one, { ...idOf(id), signal })),
  });

const isBusy = ({ status }: PolicyRun): boolean => status === 'scheduled' || status === 'pending';
const lookAgainMs = 2000;

const shownRuns = 30;

export const usePolicyRuns = (id: string) =>
  useQuery({
    queryKey: keys.runs(id),
    queryFn: async ({ signal }) => {
      const params = { path: { id }, query: { limit: String(shownRuns) } };
      return (await answerOf(api.GET(`${one}/runs`, { params, signal }))).policy_runs;
    },
    refetchInterval: ({ state }) => (state.data?.some(isBusy) ? lookAgainMs : false),
  });

/** One run with its backups. */
export const usePolicyRun = (id: string, run: string) =>
  useQuery({
    queryKey: keys.run(id, run),
    queryFn: async ({ signal }) =>
      await answerOf(api.GET(`${one}/runs/{run}`, { params: { path: { id, run } }, signal })),
    refetchInterval: ({ state }) => (state.data && isBusy(state.data.policy_run) ? lookAgainMs : false),
  });

/** Makes a policy, or changes the one of that id: what is absent stays as it is. */
export function useSavePolicy(id: string | null) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (asked: NewPolicy) => {
      const { type: _stays, ...change } = asked;
      const answer =
        id === null
          ? api.POST(path, { body: { server_policy: asked } })
          : api.PATCH(one, { ...idOf(id), body: { server_policy: change } });
      return (await answerOf<{ server_policy: Policy }>(answer)).server_policy;
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.all }),
  });
}

/** Switches a policy on or off. */
export function useEnablePolicy(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (enabled: boolean) => {
      await api.PATCH(one, { ...idOf(id), body: { server_policy: { enabled } } });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.all }),
  });
}

/** Asks the server which databases a run would back up now. */
export const useTestPolicy = (id: string) =>
  useMutation({
    mutationFn: async () => (await answerOf(api.POST(`${one}/test`, idOf(id)))).server_policy_test,
  });

export function useRunPolicy(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => (await answerOf(api.POST(`${one}/runs`, { ...idOf(id), body: {} }))).policy_run,
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.one(id) }),
  });
}

/** Ends a run with all of its backups that are not done. */
export function useCancelRun(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (run: string) => {
      await api.POST(`${one}/runs/{run}/cancel`, { params: { path: { id, run } } });
    },
    onSuccess: () =>
      Promise.all([keys.one(id), ['backups']].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
}

/** Answers whether it is as it should be that the server lists a database no more. */
export function useAnswerVanished(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ db, expected }: { db: string; expected: boolean }) => {
      const params = { path: { id, db } };
      await api.POST(`${one}/databases/{db}/vanished`, { params, body: { expected } });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.one(id) }),
  });
}

export function useDeletePolicy(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await api.DELETE(one, idOf(id));
    },
    onSuccess: async () => {
      queries.removeQueries({ queryKey: keys.one(id) });
      await queries.invalidateQueries({ queryKey: keys.list });
    },
  });
}
