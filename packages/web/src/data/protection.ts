import type { Answer } from '@holdfast/client';
import { useQuery } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

export type Protection = Answer<'/api/protection', 'get'>;
/** How one database is protected: why, and what to do. */
export type DatabaseProtection = Protection['databases'][number];

/** All databases, and the services that protect them. */
export const useProtectionOverview = () =>
  useQuery({
    queryKey: ['protection'],
    queryFn: () => answerOf(api.GET('/api/protection')),
  });

export const useProtection = (db: string) =>
  useQuery({
    queryKey: ['protection', db],
    queryFn: async () =>
      (await answerOf(api.GET('/api/databases/{db}/protection', { params: { path: { db } } }))).protection,
  });
