export * from './load.ts';
export * from './search-path.ts';
export * from './settings.ts';
