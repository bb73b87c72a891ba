export * from './backup.ts';
export * from './codecs/index.ts';
export * from './discard.ts';
export { readManifest } from './manifest.ts';
export * from './progress.ts';
export * from './restore.ts';
export * from './verify.ts';
