export { type Answer, HoldfastClient, type BackupView, type RestoreView } from './client.ts';
export { type Holdfast, type HoldfastOptions, startHoldfast } from './holdfast.ts';
export { freePort, runProgram, startService, type Service, type ServiceName } from './service.ts';
export { until } from './until.ts';
