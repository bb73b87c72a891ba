import type { Answer, Body } from '@holdfast/client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';
import { queryClient } from './query.ts';

export type Token = Answer<'/api/tokens', 'get'>['tokens'][number];
export type NewToken = Body<'/api/tokens', 'post'>['token'];

const key = ['tokens'];
const changed = () => queryClient.invalidateQueries({ queryKey: key });

export const useTokens = () =>
  useQuery({ queryKey: key, queryFn: async () => (await answerOf(api.GET('/api/tokens'))).tokens });

/** Answers the token itself, which is never shown again. */
export const useCreateToken = () =>
  useMutation({
    mutationFn: async (token: NewToken) => (await answerOf(api.POST('/api/tokens', { body: { token } }))).token,
    onSuccess: changed,
  });

export const useRevokeToken = () =>
  useMutation({
    mutationFn: (id: string) => api.DELETE('/api/tokens/{id}', { params: { path: { id } } }),
    onSuccess: changed,
  });
