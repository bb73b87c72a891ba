import type { Answer } from '@holdfast/client';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

export type AuditVerification = Answer<'/api/audit/verification', 'get'>;
export type AuditEntry = Answer<'/api/audit', 'get'>['entries'][number];

/** Entries of one page. */
const pageSize = '50';

/** What entries are looked for. '' for any. */
export interface AuditFilter {
  action: string;
  object: string;
}

/** @param before shows those before it; null: the newest */
export const useAudit = ({ action, object }: AuditFilter, before: string | null) =>
  useQuery({
    queryKey: ['audit', action, object, before],
    placeholderData: keepPreviousData,
    queryFn: () =>
      answerOf(
        api.GET('/api/audit', {
          params: {
            query: {
              limit: pageSize,
              ...(before !== null && { before }),
              ...(action !== '' && { action }),
              ...(object !== '' && { object }),
            },
          },
        }),
      ),
  });

/** Computes the whole chain anew. */
export const useVerifyAudit = () => useMutation({ mutationFn: () => answerOf(api.GET('/api/audit/verification')) });
