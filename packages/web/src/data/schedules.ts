import type { Answer, Body } from '@holdfast/client';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';
import { databaseKey } from './databases.ts';

export type Schedule = Answer<'/api/databases/{db}/schedules/{id}', 'get'>['schedule'];
export type ScheduleFields = Body<'/api/databases/{db}/schedules', 'post'>;
export type Slot = Answer<'/api/databases/{db}/schedules/{id}/slots', 'get'>['slots'][number];
export type Retention = Schedule['retention'];
type RetentionPreview = Answer<'/api/databases/{db}/schedules/{id}/retention/preview', 'get'>;
export type RetentionDecision = RetentionPreview['backups'][number];

export const useSchedules = (db: string) =>
  useQuery({
    queryKey: [...databaseKey(db), 'schedules'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/databases/{db}/schedules', { params: { path: { db } } }))).schedules,
  });

export const useSlots = (db: string, id: string) =>
  useQuery({
    queryKey: [...databaseKey(db), 'schedules', id, 'slots'],
    queryFn: async () => {
      return await answerOf(
        api.GET('/api/databases/{db}/schedules/{id}/slots', {
          params: { path: { db, id }, query: { limit: '14' } },
        }),
      );
    },
  });

/** The next times of an expression that no schedule has yet; refused ones tell why by field. */
export const useScheduleTimes = (cron: string, timezone: string) =>
  useQuery({
    queryKey: ['schedule-times', cron, timezone],
    enabled: cron.trim() !== '' && timezone.trim() !== '',
    retry: false,
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    queryFn: async () =>
      (await answerOf(api.GET('/api/schedule-times', { params: { query: { cron, timezone } } }))).times,
  });

/** What retention would do now. @param rules that are tried; null: the schedule's own. Where they hold no rule nothing would go */
export const useRetentionPreview = (db: string, id: string, rules: Retention | null) => {
  const query = Object.fromEntries(
    Object.entries(rules ?? {}).flatMap(([rule, count]) => (count === null ? [] : [[rule, String(count)]])),
  );
  return useQuery({
    queryKey: [...databaseKey(db), 'schedules', id, 'retention', query],
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: () =>
      answerOf(
        api.GET('/api/databases/{db}/schedules/{id}/retention/preview', { params: { path: { db, id }, query } }),
      ),
  });
};

function useChanged(db: string) {
  const client = useQueryClient();
  // What is planned, and what is asked of its verification, decides about protection too.
  return () => Promise.all([databaseKey(db), ['protection']].map((queryKey) => client.invalidateQueries({ queryKey })));
}

/** @param id of the schedule that changes; null: a new one */
export const useSaveSchedule = (db: string, id: string | null) =>
  useMutation({
    mutationFn: async (body: ScheduleFields) =>
      id === null
        ? (await answerOf(api.POST('/api/databases/{db}/schedules', { params: { path: { db } }, body }))).schedule
        : (await answerOf(api.PATCH('/api/databases/{db}/schedules/{id}', { params: { path: { db, id } }, body })))
            .schedule,
    onSuccess: useChanged(db),
  });

export const useSaveRetention = (db: string, id: string) =>
  useMutation({
    mutationFn: async (retention: Partial<Retention>) => {
      await api.PATCH('/api/databases/{db}/schedules/{id}', { params: { path: { db, id } }, body: { retention } });
    },
    onSuccess: useChanged(db),
  });

export const useSwitchSchedule = (db: string) =>
  useMutation({
    mutationFn: async ({ id, enabled }: { id: string; enabled: boolean }) => {
      await api.PATCH('/api/databases/{db}/schedules/{id}', { params: { path: { db, id } }, body: { enabled } });
    },
    onSuccess: useChanged(db),
  });

export const useRemoveSchedule = (db: string) =>
  useMutation({
    mutationFn: async (id: string) => {
      await api.DELETE('/api/databases/{db}/schedules/{id}', { params: { path: { db, id } } });
    },
    onSuccess: useChanged(db),
  });
