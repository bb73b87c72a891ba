export type { WorkerDeps } from './deps.ts';
export { startWorker } from './worker.ts';
