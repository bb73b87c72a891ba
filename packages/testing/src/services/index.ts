export { launchAgent, startAgent, type AgentProcess } from './agent.ts';
export { type Answer, HoldfastClient, type BackupView, type RestoreView, type DatabaseFields } from './client.ts';
export { imageProcess } from './image.ts';
export { type Holdfast, type HoldfastOptions, startHoldfast } from './holdfast.ts';
export { compileCache, probe, runProgram, startService, type Service, type ServiceName } from './service.ts';
