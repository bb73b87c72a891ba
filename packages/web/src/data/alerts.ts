import type { Answer } from '@holdfast/client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';
import { queryClient } from './query.ts';

export type Alert = Answer<'/api/alerts', 'get'>['alerts'][number];

/** Alerts are told by events too; this is for where none come through. */
const lookMs = 60_000;

export const useAlerts = (state: 'open' | 'all') =>
  useQuery({
    queryKey: ['alerts', state],
    queryFn: async () => (await answerOf(api.GET('/api/alerts', { params: { query: { state } } }))).alerts,
    refetchInterval: lookMs,
  });

export const useAcknowledge = () =>
  useMutation({
    mutationFn: (alert: string) => api.POST('/api/alerts/{alert}/acknowledge', { params: { path: { alert } } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['alerts'] }),
  });
