export * from './fake-engine.ts';
export * from './memory-store.ts';
export * from './rows.ts';
