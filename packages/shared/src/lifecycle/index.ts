export { lockFolder } from './folder-lock.ts';
export * from './loop.ts';
export * from './shutdown.ts';
export * from './system.ts';
