export type { SchedulerDeps } from './deps.ts';
export { startScheduler } from './scheduler.ts';
