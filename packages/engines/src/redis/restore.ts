import type { Readable } from 'node:stream';
import type { Connection, RestoreReport, RestoreRequest } from '@holdfast/shared/domain';
import { checkContent } from './content.ts';
import type { RedisContext } from './context.ts';
import { failure } from './failures.ts';
import { Filler } from './fill.ts';
import { lookAt } from './look.ts';
import { emptyMarked, isKept, isLeftOver, type Marked } from './marks.ts';
import { planRestore, type Plan } from './plan.ts';
import { putInPlace } from './put-in-place.ts';
import { withSession, type Session } from './session.ts';

const cleanUpMs = 60_000;
const lastStepMs = 120_000;

/** Restores into databases that hold nothing, which then change places with the target's. */
export async function restore(
  connection: Connection,
  request: RestoreRequest,
  input: Readable,
  context: RedisContext,
): Promise<RestoreReport> {
  const { signal } = context;
  // The input may fail before anybody reads it; whoever reads it next gets the error.
  input.on('error', () => undefined);
  const onAbort = (): void => void input.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await withSession(connection, context, (session) => build(session, connection, request, input, context));
  } catch (error) {
    input.destroy();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function build(
  session: Session,
  connection: Connection,
  request: RestoreRequest,
  input: Readable,
  context: RedisContext,
): Promise<RestoreReport> {
  const { restoreId, expected } = request;
  const plan = await planRestore(session, connection, request);
  const kept = plan.marked.find((one) => isKept(one, restoreId));
  if (kept) {
    // A restore does its work once: done again it would take what it kept for a leftover.
    const reason = `this restore is in place already and keeps the former content in database ${kept.number}`;
    throw failure('restore_failed', reason, connection, undefined);
  }
  await emptyMarked(
    session,
    plan.marked.filter((one) => isLeftOver(one, restoreId)),
  );
  const filler = new Filler(session, connection, plan, restoreId);
  try {
    await filler.fill(input);
    context.signal.throwIfAborted();
    await checkWhole(session, connection, filler, plan);
    if (expected) {
      const places = [...filler.builds.values()].map(({ number, of }) => ({
        number,
        of: filler.isOneOfAll ? of : null,
      }));
      await checkContent(connection, { look: plan.look, places }, expected, context);
    }
    context.signal.throwIfAborted();
    // From here on it is done or not, and whoever asked must hear of it: an abort comes too late.
    return await withSession(connection, { signal: AbortSignal.timeout(lastStepMs) }, (last) =>
      putInPlace({ session: last, connection, request, plan, filler }),
    );
  } catch (error) {
    session.close();
    await abandon(connection, filler.claimed);
    throw error;
  }
}

/** A server that is short of memory may take keys away again that it has taken. */
async function checkWhole(session: Session, connection: Connection, { builds }: Filler, { look }: Plan): Promise<void> {
  const { evictedKeys, maxMemoryPolicy } = await lookAt(session);
  if (evictedKeys > look.evictedKeys) {
    const reason = `the server took keys away to free memory during the restore (maxmemory-policy ${maxMemoryPolicy}), so that nobody knows what is whole: raise maxmemory`;
    throw failure('restore_failed', reason, connection, undefined);
  }
  for (const { number, keys, lasting } of builds.values()) {
    await session.select(number);
    const present = Number(await session.call('DBSIZE')) - 1;
    if (present <= keys && present >= lasting) continue;
    const reason = `database ${number}, where the content was built, has ${present} keys where it was given ${keys}`;
    throw failure('restore_failed', reason, connection, undefined);
  }
}

/** Empties what was built. What cannot be reached now is emptied by `cleanUpRestore`. */
async function abandon(connection: Connection, claimed: readonly Marked[]): Promise<void> {
  if (claimed.length === 0) return;
  const signal = AbortSignal.timeout(cleanUpMs);
  await withSession(connection, { signal }, (session) => emptyMarked(session, claimed)).catch(() => undefined);
}
