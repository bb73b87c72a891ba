export * from './repositories.ts';
export { migrate } from './migrate.ts';
export { openPersistence, type PersistenceOptions } from './open-persistence.ts';
