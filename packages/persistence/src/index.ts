export * from './repositories/index.ts';
export { migrate } from './migrate.ts';
export { openPersistence, type PersistenceOptions } from './open-persistence.ts';
