import { dirname, join } from 'node:path';
import {
  isPath,
  scratchDatabaseName,
  type Connection,
  type Engine,
  type EngineContext,
  type RestoreRequest,
  type Verification,
} from '@holdfast/shared/domain';

/** What restores a backup into the scratch database of a verification: on the server of that connection, or beside its path. */
export function scratchRequest(
  { id }: Pick<Verification, 'id'>,
  { type }: Pick<Engine, 'type'>,
  { database }: Pick<Connection, 'database'>,
): RestoreRequest {
  const name = scratchDatabaseName(id);
  return {
    target: { mode: 'new_database', database: isPath(type) ? join(dirname(database), name) : name },
    ownership: 'skip',
    restoreId: id,
  };
}

/** Drops all that a verification has made on its server, and nothing else. Succeeds when there is nothing. */
export async function dropScratch(
  engine: Engine,
  connection: Connection,
  verification: Pick<Verification, 'id'>,
  context: EngineContext,
): Promise<void> {
  await engine.cleanUpRestore(connection, verification.id, context);
  await engine.dropRestored(connection, scratchRequest(verification, engine, connection), context);
}
