import { useQuery } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

/** @param from a moment, as ISO 8601; the same for all looks of a day, so that they are one query */
export const useCalendar = (from: string, to: string) =>
  useQuery({
    queryKey: ['calendar', from],
    queryFn: async () => (await answerOf(api.GET('/api/calendar', { params: { query: { from, to } } }))).slots,
  });
