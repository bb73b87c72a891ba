import type { Answer, Body } from '@holdfast/client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { answerOf } from './answer.ts';
import { api } from './client.ts';
import type { NewDestination } from './destinations.ts';
import type { ScheduleFields } from './schedules.ts';

export type Registration = Body<'/api/databases', 'post'>['database'];
export type Look = Answer<'/api/database-tests', 'post'>['database_test'];

/** Connects as the database would be registered; nothing is kept of it. */
export const useTryConnection = () =>
  useMutation({
    mutationFn: async (database: Registration) =>
      (await answerOf(api.POST('/api/database-tests', { body: { database } }))).database_test,
  });

export interface NewDatabase {
  /** The number of one that is there, or what to add. */
  destination: number | NewDestination;
  database: Registration;
  schedule: ScheduleFields;
  backUp: boolean;
}

interface Made {
  destinationId?: number;
  databaseId?: string;
  hasSchedule?: boolean;
  /** What was asked for last. */
  stage: 'destination' | 'database' | 'schedule';
}

/**
 * Adds a database with its destination, its schedule and its first backup. Where one of them is refused, what was made
 * before stays, and the next attempt goes on from there.
 * @returns the mutation, and what was made so far
 */
export function useAddDatabase() {
  const queries = useQueryClient();
  const made = useRef<Made>({ stage: 'destination' });
  const adding = useMutation({
    mutationFn: async ({ destination, database, schedule, backUp }: NewDatabase): Promise<string> => {
      const { current } = made;
      current.stage = 'destination';
      if (typeof destination === 'number') current.destinationId = destination;
      else current.destinationId ??= await addDestination(destination);
      current.stage = 'database';
      current.databaseId = await register(current.databaseId, { ...database, destination_id: current.destinationId });
      const id = current.databaseId;
      current.stage = 'schedule';
      if (!current.hasSchedule) await addSchedule(id, schedule);
      current.hasSchedule = true;
      if (backUp) await api.POST('/api/databases/{db}/backups', { params: { path: { db: id } }, body: {} });
      return id;
    },
    onSettled: () => queries.invalidateQueries(),
  });
  return { adding, made };
}

const addDestination = async (body: NewDestination): Promise<number> =>
  (await answerOf(api.POST('/api/backup-destinations', { body }))).data.id;

/** One that was registered by the attempt before is brought in line with what is asked for now. */
async function register(made: string | undefined, database: Registration): Promise<string> {
  if (made === undefined) return (await answerOf(api.POST('/api/databases', { body: { database } }))).database.id;
  await api.PATCH('/api/databases/{db}', { params: { path: { db: made } }, body: { database } });
  return made;
}

const addSchedule = async (db: string, body: ScheduleFields): Promise<unknown> =>
  await api.POST('/api/databases/{db}/schedules', { params: { path: { db } }, body });
