export type { SentinelDeps } from './deps.ts';
export { startSentinel } from './sentinel.ts';
