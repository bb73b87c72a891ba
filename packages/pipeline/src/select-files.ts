import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError, isArchive, type Engine, type FileRole } from '@holdfast/shared/domain';
import { globalsOf } from './globals-of.ts';

/** What is to be restored of a backup, at least one of both. */
export interface SelectedFiles {
  dump: ManifestFile | null;
  globals: ManifestFile | null;
}

/**
 * Chooses files of a backup, and sees that the engine can read them, before anything is touched.
 * @param fileIds null for all
 * @param isPart of the dump a part alone is wanted: the server's roles come with it only where their file is asked for
 * @throws HoldfastError object_missing, configuration
 */
export function selectFiles(
  manifest: Manifest,
  fileIds: readonly string[] | null,
  engine: Engine,
  isPart = false,
): SelectedFiles {
  const unknown = fileIds?.find((id) => !manifest.files.some((file) => file.id === id));
  if (unknown !== undefined) throw new HoldfastError('object_missing', `The backup has no file ${unknown}.`);
  const chosen = manifest.files.filter((file) => isArchive(file) && (fileIds?.includes(file.id) ?? true));
  if (chosen.length === 0) throw new HoldfastError('configuration', 'A restore takes at least one file of a backup.');

  const dump = atMostOne(chosen, 'dump');
  const globals = atMostOne(chosen, 'globals');
  if (dump) mustRead(engine.format, dump);
  if (globals) mustRead(globalsOf(engine).format, globals);
  return { dump, globals: isPart && fileIds === null ? null : globals };
}

function atMostOne(files: readonly ManifestFile[], role: FileRole): ManifestFile | null {
  const [file, ...others] = files.filter((candidate) => candidate.role === role);
  if (others.length > 0) {
    throw new HoldfastError('configuration', `A restore takes one file with the role "${role}" at most.`);
  }
  return file ?? null;
}

function mustRead(format: string, file: ManifestFile): void {
  if (file.format === format) return;
  throw new HoldfastError(
    'configuration',
    `${file.name} has the format "${file.format}" where a restore here reads "${format}": download it and restore it with its own tools.`,
  );
}
