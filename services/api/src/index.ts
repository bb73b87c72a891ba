export { onRecord } from './audit/on-record.ts';
export type { ApiDeps } from './deps.ts';
export { describeKeys, forgetSecrets, rotateKeys } from './keys.ts';
export { routes } from './routes/index.ts';
export { startApi, type RunningApi } from './server.ts';
