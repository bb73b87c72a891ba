export * from './repositories/index.ts';
export { migrate } from './migrate.ts';
export { isUnavailable } from './unavailable.ts';
export { openPersistence, type PersistenceOptions } from './open-persistence.ts';
