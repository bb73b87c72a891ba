export * from './content.ts';
export * from './jobs.ts';
export * from './manifest.ts';
export * from './remote.ts';
