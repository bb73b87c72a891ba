export { feedProgram } from './feed.ts';
export { startProgram, type Program, type ProgramEnd, type ProgramOptions } from './program.ts';
export { redact } from './redact.ts';
export { runningPrograms, type RunningProgram } from './running.ts';
