import { useQuery } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

/** How many destinations there are. */
export const useDestinationCount = () =>
  useQuery({
    queryKey: ['destinations', 'count'],
    queryFn: async () =>
      (await answerOf(api.GET('/api/backup-destinations', { params: { query: { per_page: 1 } } }))).meta.total,
  });

/** Whether any channel tells somebody of what goes wrong. */
export const useSomebodyIsTold = () =>
  useQuery({
    queryKey: ['notifications', 'any'],
    queryFn: async () => {
      const { channels } = await answerOf(api.GET('/api/notification-channels'));
      return channels.some(({ enabled }) => enabled);
    },
  });
