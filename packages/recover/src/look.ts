import { isEncrypted, verifyReadable } from '@holdfast/pipeline';
import type { ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError } from '@holdfast/shared/domain';
import { findBackup, ofDatabase, readCatalogue, type StoredBackup } from './catalogue.ts';
import type { Deps } from './deps.ts';
import { exits } from './usage.ts';

const storedBytes = ({ manifest }: StoredBackup): number =>
  manifest.files.reduce((sum, file) => sum + file.stored.size, 0);

/** A backup as it is shown. */
const viewOf = (backup: StoredBackup) => {
  const { manifest, key, sha256 } = backup;
  const { lineage, engine, database, serverVersion, completedAt, recipients } = manifest;
  return {
    id: manifest.backupId,
    database: { id: manifest.databaseId, name: lineage.databaseName, on_server: database },
    engine,
    server_version: serverVersion,
    method: lineage.method,
    created_at: lineage.createdAt,
    completed_at: completedAt,
    stored_bytes: storedBytes(backup),
    encrypted: manifest.files.some(isEncrypted),
    recipients,
    manifest: key,
    manifest_sha256: sha256,
  };
};

/** @returns the exit code */
export async function list(deps: Deps, database: string | null): Promise<number> {
  const { backups, unreadable } = await readCatalogue(deps.store, deps.signal);
  const shown = database === null ? backups : ofDatabase(backups, database);
  if (deps.json) deps.print(JSON.stringify({ backups: shown.map(viewOf), unreadable }, null, 2));
  else {
    for (const view of shown.map(viewOf)) {
      const encrypted = view.encrypted ? 'encrypted' : 'plain';
      deps.print(
        [view.id, view.completed_at, view.engine, `${view.stored_bytes} bytes`, encrypted, view.database.name].join(
          '  ',
        ),
      );
    }
    deps.say(`${shown.length} backups.`);
  }
  for (const { key, error } of unreadable) deps.say(`${key}: ${error.message}`);
  return unreadable.length > 0 ? exits.damaged : exits.done;
}

/** @returns the exit code */
export async function show(deps: Deps, asked: string): Promise<number> {
  const backup = await findBackup(deps, asked);
  const files = await Promise.all(
    backup.manifest.files.map(async (file) => ({ file, problem: await problemOf(deps, file) })),
  );
  if (deps.json) {
    const shown = files.map(({ file, problem }) => ({ ...file, problem }));
    deps.print(JSON.stringify({ ...viewOf(backup), tool: backup.manifest.tool, files: shown }, null, 2));
  } else {
    const { tool, name } = backup.manifest;
    const view = viewOf(backup);
    deps.print(`${view.id}  ${name}`);
    deps.print(`database   ${view.database.name} (${view.database.id}), on its server ${view.database.on_server}`);
    deps.print(
      `made       ${view.completed_at}, ${view.method}, by ${tool.name} ${tool.version}, of ${view.engine} ${view.server_version}`,
    );
    deps.print(`opened by  ${view.recipients?.join(', ') ?? 'everybody: it is not encrypted'}`);
    deps.print(`manifest   ${view.manifest}`);
    for (const { file, problem } of files) {
      deps.print(`${file.role.padEnd(10)} ${file.key}  ${file.stored.size} bytes  ${problem ?? 'there'}`);
    }
  }
  return files.some(({ problem }) => problem !== null) ? exits.damaged : exits.done;
}

/** What a look at the store, without reading the file, finds wrong with it. */
async function problemOf({ store }: Pick<Deps, 'store'>, file: ManifestFile): Promise<string | null> {
  const held = await store.head(file.key);
  if (!held) return 'is missing';
  return held.size === file.stored.size ? null : `has ${held.size} bytes instead of ${file.stored.size}`;
}

/** @throws HoldfastError object_missing, integrity */
export async function mustBeThere(deps: Pick<Deps, 'store'>, files: readonly ManifestFile[]): Promise<void> {
  for (const file of files) {
    const problem = await problemOf(deps, file);
    if (problem === null) continue;
    const code = problem === 'is missing' ? 'object_missing' : 'integrity';
    throw new HoldfastError(
      code,
      `The backup is damaged: ${file.key} ${problem}. Choose another one: list shows them.`,
    );
  }
}

/** @returns the exit code. @throws HoldfastError integrity, object_missing, key_missing */
export async function verify(deps: Deps, asked: string): Promise<number> {
  const { store, keys, signal } = deps;
  const backup = await findBackup(deps, asked);
  const { files, backupId } = await verifyReadable(store, backup.key, keys, signal, backup.sha256);
  const bytes = storedBytes(backup);
  if (deps.json) deps.print(JSON.stringify({ id: backupId, readable: true, files: files.length, stored_bytes: bytes }));
  else deps.print(`${backupId}  readable: ${files.length} files, ${bytes} bytes, all sizes and digests are right.`);
  return exits.done;
}
