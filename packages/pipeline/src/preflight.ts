import { Readable } from 'node:stream';
import type { ManifestFile } from '@holdfast/shared/contracts';
import {
  type Connection,
  type Engine,
  type GlobalsLook,
  type Keys,
  type ObjectStore,
  type PreflightFinding,
  type RestoreRequest,
} from '@holdfast/shared/domain';
import { readContentFile } from './content-file.ts';
import { globalsOf } from './globals-of.ts';
import { keysFor, mustOpen } from './keys.ts';
import { readManifest } from './manifest.ts';
import { readBytes } from './read-bytes.ts';
import { selectFiles } from './select-files.ts';

/** What an engine takes of them is less. */
const largestGlobals = 128 * 1024 * 1024;

export interface Preflight {
  request: RestoreRequest;
  manifestKey: string;
  manifestSha256: string | null;
  database: Connection;
  engine: Engine;
  store: ObjectStore;
  keys: Keys;
  /** Files of the backup to restore; null for those that `isRestored` tells. */
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
 * nothing and reads no dump. Of globals that would be restored it reads the whole, as they change what others use, too.
 * @throws HoldfastError what keeps the backup or the server from being looked at
 */
export async function preflight(wanted: Preflight): Promise<PreflightReport> {
  const { request, database, engine, store, signal } = wanted;
  const manifest = await readManifest(store, wanted.manifestKey, signal, wanted.manifestSha256);
  const { dump, globals } = selectFiles(manifest, { ...request, fileIds: wanted.fileIds }, engine);
  const keys = keysFor(manifest, wanted.keys);
  const files = [globals, dump].filter((file) => file !== null);
  await mustOpen(store, files, keys, signal);
  const sizes = files.map((file) => file.plain?.size ?? null);
  const plainBytes = sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0);
  const { findings: changes, roles } = globals
    ? await lookAtGlobals(wanted, globals, keys)
    : { findings: [], roles: [] };
  if (!dump) return { findings: changes, plainBytes };
  const { serverVersion, tool } = manifest;
  const content = await readContentFile(store, manifest, keys, signal);
  const subject = { serverVersion, tool, plainBytes: dump.plain?.size ?? null, content, roles };
  const asked = { ...request, part: manifest.part ?? null };
  const findings = await engine.preflight(database, asked, subject, { signal });
  const blockers = findings.findLastIndex(({ severity }) => severity === 'blocker') + 1;
  return { findings: findings.toSpliced(blockers, 0, ...changes), plainBytes };
}

/** The engine sees bytes that are proven, as in a restore. */
async function lookAtGlobals(
  { database, engine, store, signal }: Preflight,
  file: ManifestFile,
  keys: Keys,
): Promise<GlobalsLook> {
  const bytes = await readBytes(store, file, keys, signal, { atMost: largestGlobals, what: 'file of globals' });
  return await globalsOf(engine).preflight(database, Readable.from([bytes], { objectMode: false }), { signal });
}
