import type { Argv } from 'yargs';
import type { Context, Globals } from './context.ts';
import type { Exit } from './exits.ts';

/** Makes of what a command does what yargs calls; the command returns how it ended, or nothing when all is well. */
export type Run = <Args>(
  work: (context: Context, args: Args & Globals) => Promise<Exit | void>,
) => (args: Args & Globals) => Promise<void>;

type Program = Argv<Globals>;

/** Adds the commands of one thing. */
export type Commands = (program: Program, run: Run) => Program;
