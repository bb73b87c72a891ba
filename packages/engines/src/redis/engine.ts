import { archives, type Engine, type EngineContext } from '@holdfast/shared/domain';
import type { RedisClients } from './clients.ts';
import { readContent } from './content.ts';
import type { RedisContext } from './context.ts';
import { dump } from './dump.ts';
import { cleanUpRestore, dropRestored, findRestored } from './finished.ts';
import { dropFormer, undoRestore } from './former.ts';
import { preflight } from './preflight.ts';
import { probe } from './probe.ts';
import { checkReadable } from './readable.ts';
import { restore } from './restore.ts';

/** Redis and Valkey: dumped as a replica is filled, by their own client, and restored key by key beside the target. */
export function redisEngine(clients: RedisClients): Engine {
  const within = ({ signal }: EngineContext): RedisContext => ({ signal, clients });
  return {
    type: 'redis',
    format: archives.redis.format,
    probe: (connection, context) => probe(connection, within(context)),
    dump: (connection, context, options) => dump(connection, within(context), options),
    readContent: (connection, like, context) => readContent(connection, like, within(context)),
    checkReadable,
    preflight: (connection, request, subject, context) => preflight(connection, request, subject, within(context)),
    restore: (connection, request, input, context) => restore(connection, request, input, within(context)),
    undoRestore: (connection, restoreId, undoId, context) =>
      undoRestore(connection, restoreId, undoId, within(context)),
    dropFormer: (connection, restoreId, context) => dropFormer(connection, restoreId, within(context)),
    dropRestored: (connection, request, context) => dropRestored(connection, request, within(context)),
    findRestored: (connection, request, context) => findRestored(connection, request, within(context)),
    cleanUpRestore: (connection, restoreId, context) => cleanUpRestore(connection, restoreId, within(context)),
  };
}
