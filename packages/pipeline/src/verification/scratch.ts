import type { Connection, Engine, EngineContext, RestoreRequest, Verification } from '@holdfast/shared/domain';

/** What restores a backup into the scratch database of a verification. */
export const scratchRequest = ({ id }: Pick<Verification, 'id'>): RestoreRequest => ({
  // The tail of a UUID of version 7 is random.
  target: { mode: 'new_database', database: `holdfast_verify_${id.replaceAll('-', '').slice(-12)}` },
  ownership: 'skip',
  restoreId: id,
});

/** Drops all that a verification has made on its server, and nothing else. Succeeds when there is nothing. */
export async function dropScratch(
  engine: Engine,
  connection: Connection,
  verification: Pick<Verification, 'id'>,
  context: EngineContext,
): Promise<void> {
  await engine.cleanUpRestore(connection, verification.id, context);
  await engine.dropRestored(connection, scratchRequest(verification), context);
}
