export { lockFolder } from './folder-lock.ts';
export * from './heartbeat.ts';
export * from './loop.ts';
export * from './once-possible.ts';
export * from './parts.ts';
export * from './run-service.ts';
export * from './system.ts';
export { reportUnreadable } from './unreadable-secrets.ts';
export { productVersion } from './version.ts';
