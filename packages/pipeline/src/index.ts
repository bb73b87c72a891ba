export * from './backup.ts';
export * from './codecs/index.ts';
export { readContentFile } from './content-file.ts';
export * from './discard.ts';
export { FirstCause } from './first-cause.ts';
export { adviceOn, canOpen, isEncrypted, keysFor, mayOpen, mustOpen } from './keys.ts';
export {
  lineageOf,
  manifestText,
  parseManifest,
  readManifest,
  readStoredManifest,
  writeManifest,
  type StoredManifest,
} from './manifest.ts';
export { Meter, type Measure } from './meter.ts';
export { newBackupKey } from './new-backup-key.ts';
export * from './progress.ts';
export { asStored, readingStreams, readInto } from './read-file.ts';
export * from './preflight.ts';
export * from './restore.ts';
export * from './restore-request.ts';
export type { StallLimits } from './stall.ts';
export * from './verify.ts';
export * from './verification/index.ts';
