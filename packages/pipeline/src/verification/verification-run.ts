import type { Manifest } from '@holdfast/shared/contracts';
import {
  reaches,
  type Backup,
  type BackupFile,
  type Connection,
  type Engine,
  type Keys,
  type ObjectStore,
  type Verification,
} from '@holdfast/shared/domain';
import type { Progress } from '../progress.ts';
import type { StallLimits } from '../stall.ts';

export interface VerificationRun {
  verification: Pick<Verification, 'id' | 'level'>;
  backup: Pick<Backup, 'id' | 'manifestKey' | 'manifestSha256'>;
  /** The backup's files as the catalogue has them. */
  files: readonly BackupFile[];
  /** Null where no engine here reads such backups: they are then read by their codecs alone. */
  engine: Engine | null;
  /** Where scratch databases are made; asked for only when one is. @throws HoldfastError when there is no such place */
  scratch: () => Connection;
  store: ObjectStore;
  /** What is encrypted is opened with their identities. */
  keys: Keys;
  limits: StallLimits;
  /** Ends everything below; its reason is then what is thrown. */
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

/** Counts what is read, over all files and readings. */
export function progressOf({ verification, onProgress }: VerificationRun, manifest: Manifest) {
  const sizes = manifest.files.map(({ plain }) => plain?.size ?? null);
  const once = sizes.reduce<number | null>((sum, size) => (sum === null || size === null ? null : sum + size), 0);
  const isRestored = reaches(verification.level, 'restorable');
  const dump = manifest.files.find(({ role }) => role === 'dump')?.plain?.size ?? 0;
  const estimatedBytes = once === null ? null : once + (isRestored ? dump : 0);
  return (before: number) => (soFar: number) => onProgress({ progressBytes: before + soFar, estimatedBytes });
}
