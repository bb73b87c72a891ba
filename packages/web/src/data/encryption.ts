import { useQuery } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

/** The public keys that backups to come are encrypted to; none where they are not encrypted. */
export const useRecipients = () =>
  useQuery({
    queryKey: ['account', 'recipients'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/account', { signal }))).encryption.recipients,
  });
