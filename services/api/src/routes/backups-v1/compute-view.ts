import { computeTypes, type Restore } from '@holdfast/shared/domain';
import { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { presentTime, timeView } from '../../presenters/time.ts';
import { poolId } from '../restoring.ts';

/** The original connects to its servers by SSH and shows how; nobody connects to these. */
const unreached = { host: '', user: '', port: 0 };

const serverView = z.strictObject({
  id: z.int(),
  host: z.string().meta({ description: 'Always empty, as are user and port: nothing connects to it.' }),
  user: z.string(),
  port: z.int(),
  name: z.string(),
  created_at: timeView,
  last_used: timeView.nullable(),
  status: z.enum(['success', 'pending']).meta({ description: '`pending` until it was first seen.' }),
});

export const computeView = z.strictObject({ id: z.int(), type: z.enum(computeTypes), server: serverView });

/** Where a restore runs, as far as that was asked for or is decided; null otherwise. */
export async function presentCompute(
  { persistence }: ApiDeps,
  { accountId, compute, serverId, startedAt }: Restore,
): Promise<z.input<typeof computeView> | null> {
  if (serverId !== null) {
    const server = await persistence.servers.findOwned(accountId, serverId);
    if (!server) return null;
    const { id, name, createdAt, lastSeenAt } = server;
    return {
      id,
      type: 'ss_agent',
      server: {
        id,
        ...unreached,
        name,
        created_at: presentTime(createdAt),
        last_used: presentTime(lastSeenAt),
        status: lastSeenAt ? 'success' : 'pending',
      },
    };
  }
  const account = compute === 'server' ? await persistence.accounts.find(accountId) : null;
  if (!account) return null;
  return {
    id: poolId,
    type: 'server',
    server: {
      id: poolId,
      ...unreached,
      name: 'Workers',
      created_at: presentTime(account.createdAt),
      last_used: presentTime(startedAt),
      status: 'success',
    },
  };
}
