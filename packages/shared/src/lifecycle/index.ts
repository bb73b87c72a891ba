export * from './loop.ts';
export * from './shutdown.ts';
export * from './system.ts';
