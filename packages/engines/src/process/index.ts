export { runCommand, type CommandEnd, type CommandOptions } from './command.ts';
export { feedProgram } from './feed.ts';
export { startProgram, type Program, type ProgramEnd, type ProgramOptions } from './program.ts';
export { runningPrograms, type RunningProgram } from './running.ts';
export { askVersion, type VersionQuestion } from './version.ts';
export { judgeDump } from './judge-dump.ts';
export { ProgramFinder, type FoundProgram } from './program-finder.ts';
