import type { ClaimedDelivery } from '@holdfast/persistence';
import type { PingKind } from '@holdfast/shared/domain';
import type { GuardedRequest } from '@holdfast/shared/security';
import { urlOf } from './url.ts';

const suffixes: Readonly<Record<PingKind, string>> = { start: '/start', success: '', fail: '/fail' };

/** As healthchecks.io has it: the kind at the end of the path, the run's id in the query, and a few words as the body. */
export function pingRequest({ channel, ping, backupId, message }: ClaimedDelivery): GuardedRequest {
  if (ping === null) throw new Error('The delivery is no ping.');
  const url = new URL(urlOf(channel));
  url.pathname = url.pathname.replace(/\/+$/, '') + suffixes[ping];
  if (backupId !== null) url.searchParams.set('rid', backupId);
  return {
    method: 'POST',
    url: url.href,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: message ?? '',
  };
}
