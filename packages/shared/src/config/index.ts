export type { AgentSettings } from './agent-settings.ts';
export * from './load.ts';
export * from './recovery.ts';
export * from './search-path.ts';
export * from './settings.ts';
