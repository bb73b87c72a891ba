import type { Backup, Restore, Verification } from '@holdfast/shared/domain';
import type { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { presentBackup, type backupView } from '../../presenters/backup.ts';
import { presentRestore, type restoreView } from '../../presenters/restore.ts';
import { presentVerification, type verificationView } from '../../presenters/verification.ts';

/** Backups with their files and attempts: one question for each of these, however many backups there are. */
export async function showBackups(
  { persistence: { backups } }: ApiDeps,
  shown: readonly Backup[],
): Promise<z.input<typeof backupView>[]> {
  const ids = shown.map(({ id }) => id);
  const [files, attempts] = await Promise.all([backups.filesOf(ids), backups.attemptsOf(ids)]);
  const filesById = Map.groupBy(files, ({ backupId }) => backupId);
  return shown.map((backup) => presentBackup(backup, filesById.get(backup.id) ?? [], attempts.get(backup.id) ?? []));
}

export async function showBackup(
  { persistence: { backups } }: ApiDeps,
  backup: Backup,
): Promise<z.input<typeof backupView>> {
  const [files, attempts] = await Promise.all([backups.files(backup.id), backups.attemptsOf([backup.id])]);
  return presentBackup(backup, files, attempts.get(backup.id) ?? []);
}

/** Restores with their attempts, by one question for all of these. */
export async function showRestores(
  { persistence: { restores } }: ApiDeps,
  shown: readonly Restore[],
): Promise<z.input<typeof restoreView>[]> {
  const attempts = await restores.attemptsOf(shown.map(({ id }) => id));
  return shown.map((restore) => presentRestore(restore, attempts.get(restore.id) ?? []));
}

export async function showRestore(
  { persistence: { restores } }: ApiDeps,
  restore: Restore,
): Promise<z.input<typeof restoreView>> {
  const attempts = await restores.attemptsOf([restore.id]);
  return presentRestore(restore, attempts.get(restore.id) ?? []);
}

/** Verifications with their attempts, by one question for all of these. */
export async function showVerifications(
  { persistence: { verifications } }: ApiDeps,
  shown: readonly Verification[],
): Promise<z.input<typeof verificationView>[]> {
  const attempts = await verifications.attemptsOf(shown.map(({ id }) => id));
  return shown.map((verification) => presentVerification(verification, attempts.get(verification.id) ?? []));
}

export async function showVerification(
  deps: ApiDeps,
  verification: Verification,
): Promise<z.input<typeof verificationView>> {
  const attempts = await deps.persistence.verifications.attemptsOf([verification.id]);
  return presentVerification(verification, attempts.get(verification.id) ?? []);
}
