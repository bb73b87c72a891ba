import { resolve } from 'node:path';
import { keysFor, mustOpen, readContentFile, runRestore, type RestoreRun } from '@holdfast/pipeline';
import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import {
  HoldfastError,
  isPath,
  toHoldfastError,
  type Connection,
  type ContentTarget,
  type Engine,
  type EngineType,
  type Ids,
} from '@holdfast/shared/domain';
import { findBackup } from './catalogue.ts';
import type { TargetOptions } from './command.ts';
import type { Deps } from './deps.ts';
import { mustBeThere } from './look.ts';
import { exits, UsageError } from './usage.ts';

/** What a restore needs beside the other commands. */
export interface RestoreDeps extends Deps {
  engines: { get(type: EngineType): Engine };
  ids: Ids;
  /** How the server is reached, with its password. */
  connect: (type: EngineType, target: TargetOptions, database: string) => Promise<Connection>;
  /** Asks whoever sits there to type a text. @returns what was typed; null when nobody sits there */
  ask: (question: string) => Promise<string | null>;
}

const limits = { dumpSeconds: 300, storeSeconds: 300, restoreSeconds: 6 * 3600 };
const cleanUpMs = 30_000;
const progressEveryMs = 5000;

/** @returns the exit code. @throws HoldfastError */
export async function restore(deps: RestoreDeps, asked: string, options: TargetOptions): Promise<number> {
  const { store, signal } = deps;
  const backup = await findBackup(deps, asked);
  const { manifest } = backup;
  const name = targetName(manifest, options);
  const files = chosenFiles(manifest, options);
  await mustBeThere(deps, files);
  await mustOpen(store, files, keysFor(manifest, deps.keys), signal);
  if (options.compares) await mustCompare(deps, manifest);
  else deps.say('What comes back is not compared with what was backed up, only its bytes.');
  const engine = deps.engines.get(manifest.engine);
  const connection = await deps.connect(manifest.engine, options, name);
  if (options.inPlace && !options.yes) await confirm(deps, connection);
  const wanted = orderOf(deps.ids.uuid(), manifest.backupId, name, options);
  deps.say(`Restoring ${manifest.name} to ${placeOf(connection)}.`);
  try {
    const { outcome } = await runRestore({
      restore: wanted,
      manifestKey: backup.key,
      manifestSha256: backup.sha256,
      database: connection,
      engine,
      store,
      keys: deps.keys,
      fileIds: files.map(({ id }) => id),
      compares: options.compares,
      limits,
      signal,
      onProgress: progressTo(deps),
    });
    if (deps.json) deps.print(JSON.stringify({ id: manifest.backupId, database: name, outcome }, null, 2));
    else deps.print(outcome);
    return exits.done;
  } catch (error) {
    const done = { signal: AbortSignal.timeout(cleanUpMs) };
    await engine.cleanUpRestore(connection, wanted.id, done).catch((left: unknown) => {
      const why = left instanceof Error ? left.message : String(left);
      deps.say(`What the restore may have built beside the target could not be removed: ${why}`);
    });
    throw error;
  }
}

/** @throws HoldfastError object_missing, integrity, which name the way on: the dump may be whole all the same */
async function mustCompare({ store, keys, signal }: Deps, manifest: Manifest): Promise<void> {
  try {
    await readContentFile(store, manifest, keys, signal);
  } catch (thrown) {
    const { code, message } = toHoldfastError(thrown);
    if (code !== 'object_missing' && code !== 'integrity') throw thrown;
    const wayOn =
      'It only serves to compare with: --without-comparison restores the dump, whose own digests are compared.';
    throw new HoldfastError(code, `${message} ${wayOn}`, { cause: thrown });
  }
}

/** What the restore takes: the dump, and the roles where these were asked for. @throws HoldfastError configuration */
function chosenFiles({ files }: Manifest, { globals }: TargetOptions): ManifestFile[] {
  const chosen = files.filter(({ role }) => role === 'dump' || (globals && role === 'globals'));
  if (globals && !chosen.some(({ role }) => role === 'globals')) {
    throw new HoldfastError('configuration', 'The backup has no roles of its server: leave out --globals.');
  }
  return chosen;
}

/** What the restore makes or replaces: a database's name, or a path on this machine. @throws UsageError */
function targetName({ engine, database }: Manifest, options: TargetOptions): string {
  if (engine === 'files') {
    // Its old path may be that of another machine, or a name that only this one's agent knew.
    if (options.to === null)
      throw new UsageError('This is a backup of a directory: give --to, the path to unpack it to.');
    return resolve(options.to);
  }
  if (options.to !== null) {
    throw new UsageError(`--to is for backups of directories, and this one is of the type ${engine}: give --database.`);
  }
  const name = options.database ?? database;
  return isPath(engine) ? resolve(name) : name;
}

type Order = RestoreRun['restore'];

function orderOf(id: string, backupId: string, name: string, options: TargetOptions): Order {
  const target: ContentTarget = options.inPlace ? { mode: 'in_place' } : { mode: 'new_database', database: name };
  const { schemas, tables } = options;
  return {
    id,
    backupId,
    target,
    ownership: options.keepOwners ? 'keep' : 'skip',
    selection: schemas.length + tables.length > 0 ? { schemas, tables } : null,
    keepHours: 0,
    allowDamaged: false,
  };
}

/** For people. */
const placeOf = ({ database, host, port }: Connection): string =>
  `"${database}" on ${host === '' ? 'this machine' : `${host}:${port}`}`;

/** @throws HoldfastError configuration, unless the name of the database is typed */
async function confirm({ ask }: RestoreDeps, connection: Connection): Promise<void> {
  const { database } = connection;
  const typed = await ask(`This replaces all content of ${placeOf(connection)}. Type its name to go on: `);
  if (typed === database) return;
  const what = typed === null ? 'Nobody is there to confirm it' : 'That is not the name';
  throw new HoldfastError(
    'configuration',
    `${what}: nothing was changed. Restore to a new place without --in-place, or confirm with --yes.`,
  );
}

function progressTo({ say }: Deps): (progress: { progressBytes: number; estimatedBytes: number | null }) => void {
  let nextAt = performance.now() + progressEveryMs;
  return ({ progressBytes, estimatedBytes }) => {
    if (performance.now() < nextAt) return;
    nextAt = performance.now() + progressEveryMs;
    say(`${progressBytes} of ${estimatedBytes ?? 'unknown'} bytes`);
  };
}
