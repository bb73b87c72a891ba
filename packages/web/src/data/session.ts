import { ApiError, type Answer, type Body } from '@holdfast/client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';
import { forgetDrafts } from './drafts.ts';
import { queryClient, sessionKey } from './query.ts';

export type Session = Answer<'/api/session', 'get'>;

async function whoIsThere(): Promise<Session | null> {
  try {
    return await answerOf(api.GET('/api/session'));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Who is signed in; null for nobody. */
export const useSession = () => useQuery({ queryKey: sessionKey, queryFn: whoIsThere, staleTime: 300_000 });

/** What one may see, another may not. */
function become(session: Session | null): void {
  queryClient.setQueryData(sessionKey, session);
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] });
}

export const useSignIn = () =>
  useMutation({
    mutationFn: (body: Body<'/api/session', 'post'>) => answerOf(api.POST('/api/session', { body })),
    onSuccess: become,
  });

export const useSignOut = () =>
  useMutation({
    mutationFn: () => api.DELETE('/api/session'),
    onSuccess: () => {
      forgetDrafts();
      become(null);
    },
  });
