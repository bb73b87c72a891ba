import { useQuery } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

/** Whether any channel tells somebody of what goes wrong: looked at anew when one comes back from where it was set up. */
export const useSomebodyIsTold = () =>
  useQuery({
    queryKey: ['channels', 'any'],
    staleTime: 0,
    queryFn: async () => {
      const { channels } = await answerOf(api.GET('/api/notification-channels'));
      return channels.some(({ enabled }) => enabled);
    },
  });
