export { launchAgent, startAgent, type AgentProcess } from './agent.ts';
export { type Answer, HoldfastClient, type BackupView, type RestoreView } from './client.ts';
export { type Holdfast, type HoldfastOptions, startHoldfast } from './holdfast.ts';
export { runProgram, startService, type Service, type ServiceName } from './service.ts';
