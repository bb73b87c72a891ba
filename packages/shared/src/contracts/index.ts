export * from './jobs.ts';
export * from './manifest.ts';
