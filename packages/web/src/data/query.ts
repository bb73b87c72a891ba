import { ApiError } from '@holdfast/client';
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';

const wait = (attempt: number): number => Math.min(1000 * 2 ** attempt, 15_000);

/** Worth another try: the server could not be reached, was busy, or failed. */
function maySucceedLater(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 429 || error.status >= 500;
}

/** The name of the query that says who is signed in. */
export const sessionKey = ['session'] as const;

/** The session has ended: the shell looks who is signed in, finds nobody, and asks. */
function lookWhoIsThere(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) queryClient.setQueryData(sessionKey, null);
}

/**
 * What was fetched stays fresh for half a minute, unless an event says that it changed. Queries try again what may succeed
 * later, changes never: they might be made twice.
 */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: lookWhoIsThere }),
  mutationCache: new MutationCache({ onError: lookWhoIsThere }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      retry: (failures, error) => failures < 3 && maySucceedLater(error),
      retryDelay: wait,
    },
    mutations: { retry: false },
  },
});
