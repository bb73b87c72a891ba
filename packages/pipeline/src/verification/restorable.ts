import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import {
  HoldfastError,
  reaches,
  type Connection,
  type Engine,
  type Finding,
  type Verdict,
} from '@holdfast/shared/domain';
import { feedEngine } from '../feed-engine.ts';
import { keysFor } from '../keys.ts';
import { selectFiles } from '../select-files.ts';
import { proveBytes } from './bytes.ts';
import { proveIdentical } from './identical.ts';
import { progressOf, type VerificationRun } from './verification-run.ts';
import { dropScratch, scratchRequest } from './scratch.ts';
import { findingOf, isSuspicious } from './suspicion.ts';

const dropMs = 30_000;

/** Restores the dump into a scratch database, with errors stopping it, and drops that whatever comes of it. */
export async function proveRestorable(run: VerificationRun, manifest: Manifest): Promise<Verdict> {
  const readable = (finding: Finding): Verdict => ({ reached: 'readable', findings: [finding], damage: null });
  let place: { engine: Engine; dump: ManifestFile; connection: Connection };
  try {
    place = placeOf(run, manifest);
  } catch (error) {
    return readable(findingOf(error));
  }
  const { engine, connection } = place;
  const { verification, signal } = run;
  try {
    // An attempt that was killed may have left its own.
    await dropScratch(engine, connection, verification, { signal });
    await restoreInto(run, manifest, place);
    if (!reaches(verification.level, 'identical')) return { reached: 'restorable', findings: [], damage: null };
    return await proveIdentical(run, manifest, engine, connection);
  } catch (error) {
    signal.throwIfAborted();
    if (isSuspicious(error)) return await lookAgain(run, error);
    return readable(findingOf(error));
  } finally {
    // After a lost lease the next attempt may be at work: what is there now is its own.
    if (!hasLostLease(signal)) await dropAtLast(run, engine, connection);
  }
}

const hasLostLease = ({ aborted, reason }: AbortSignal): boolean =>
  aborted && reason instanceof HoldfastError && reason.code === 'lease_lost';

/** What cannot be dropped now is dropped by the sweep. */
async function dropAtLast({ verification }: VerificationRun, engine: Engine, connection: Connection): Promise<void> {
  await dropScratch(engine, connection, verification, { signal: AbortSignal.timeout(dropMs) }).catch(() => undefined);
}

function placeOf({ engine, scratch }: VerificationRun, manifest: Manifest) {
  if (!engine || engine.type !== manifest.engine) {
    throw new HoldfastError('engine_unknown', `No engine here restores backups of the kind "${manifest.engine}".`);
  }
  const { dump } = selectFiles(manifest, { fileIds: null, ownership: 'skip' }, engine);
  if (!dump) throw new HoldfastError('configuration', 'The backup holds no dump that could be restored.');
  return { engine, dump, connection: scratch() };
}

async function restoreInto(
  run: VerificationRun,
  manifest: Manifest,
  { engine, dump, connection }: { engine: Engine; dump: ManifestFile; connection: Connection },
): Promise<void> {
  const before = manifest.files.reduce((sum, { plain }) => sum + (plain?.size ?? 0), 0);
  const request = { ...scratchRequest(run.verification, engine, connection), part: manifest.part ?? null };
  await feedEngine(
    { ...run, keys: keysFor(manifest, run.keys) },
    dump,
    (input, context) => engine.restore(connection, request, input, context),
    progressOf(run, manifest)(before),
  );
}

/** Bytes that were right a moment ago were not: either they changed since, or the store gave others this time. */
async function lookAgain(run: VerificationRun, error: HoldfastError): Promise<Verdict> {
  const { reached, findings, damage } = await proveBytes(run);
  if (damage) return { reached, findings, damage };
  throw new HoldfastError('store_failed', `The store gave other bytes than a moment before: ${error.message}`, {
    cause: error,
  });
}
