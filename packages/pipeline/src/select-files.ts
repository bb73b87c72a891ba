import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError, isRestored, type Engine, type FileRole, type FileWish } from '@holdfast/shared/domain';
import { globalsOf } from './globals-of.ts';

/** What is to be restored of a backup, at least one of both. */
export interface SelectedFiles {
  dump: ManifestFile | null;
  globals: ManifestFile | null;
}

/**
 * Chooses files of a backup, and sees that the engine can read them, before anything is touched.
 * @throws HoldfastError object_missing, configuration
 */
export function selectFiles(manifest: Manifest, wish: FileWish, engine: Engine): SelectedFiles {
  const unknown = wish.fileIds?.find((id) => !manifest.files.some((file) => file.id === id));
  if (unknown !== undefined) throw new HoldfastError('object_missing', `The backup has no file ${unknown}.`);
  const chosen = manifest.files.filter((file) => isRestored(file, wish));
  if (chosen.length === 0) throw new HoldfastError('configuration', 'A restore takes at least one file of a backup.');

  const dump = atMostOne(chosen, 'dump');
  const globals = atMostOne(chosen, 'globals');
  if (dump) mustRead(engine.format, dump);
  if (globals) mustRead(globalsOf(engine).format, globals);
  return { dump, globals };
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
