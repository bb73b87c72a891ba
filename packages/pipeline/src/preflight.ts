import {
  type Connection,
  type Engine,
  type Keys,
  type ObjectStore,
  type PreflightFinding,
  type RestoreRequest,
} from '@holdfast/shared/domain';
import { readContentFile } from './content-file.ts';
import { keysFor, mustOpen } from './keys.ts';
import { readManifest } from './manifest.ts';
import { selectFiles } from './select-files.ts';

export interface Preflight {
  request: RestoreRequest;
  manifestKey: string;
  manifestSha256: string | null;
  database: Connection;
  engine: Engine;
  store: ObjectStore;
  keys: Keys;
  /** Files of the backup to restore; null for all. */
  fileIds: readonly string[] | null;
  signal: AbortSignal;
}

export interface PreflightReport {
  findings: PreflightFinding[];
  /** What would be handed to the engine; null where nobody knows. */
  plainBytes: number | null;
}

/**
 * Looks whether a restore could succeed, by the backup's manifest, its keys and its content, and by the server; changes
 * nothing and reads no dump.
 * @throws HoldfastError what keeps the backup or the server from being looked at
 */
export async function preflight(wanted: Preflight): Promise<PreflightReport> {
  const { request, database, engine, store, signal } = wanted;
  const manifest = await readManifest(store, wanted.manifestKey, signal, wanted.manifestSha256);
  const { dump, globals } = selectFiles(manifest, wanted.fileIds, engine, Boolean(request.selection));
  const keys = keysFor(manifest, wanted.keys);
  const files = [globals, dump].filter((file) => file !== null);
  await mustOpen(store, files, keys, signal);
  const sizes = files.map((file) => file.plain?.size ?? null);
  const plainBytes = sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0);
  if (!dump) return { findings: [], plainBytes };
  const { serverVersion, tool } = manifest;
  const content = await readContentFile(store, manifest, keys, signal);
  const subject = { serverVersion, tool, plainBytes: dump.plain?.size ?? null, content };
  const asked = { ...request, part: manifest.part ?? null };
  return { findings: await engine.preflight(database, asked, subject, { signal }), plainBytes };
}
