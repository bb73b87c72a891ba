import { usageError } from '../exits.ts';

const shells = ['bash', 'zsh', 'fish'];

/** yargs prints a script for the shell that SHELL names; a shell that is named as an argument takes its place. */
export function useShell(args: readonly string[], environment: NodeJS.ProcessEnv): readonly string[] {
  const [command, shell, ...rest] = args;
  if (command !== 'completion' || shell === undefined || shell.startsWith('-')) return args;
  if (!shells.includes(shell)) throw usageError(`There is completion for ${shells.join(', ')}.`);
  environment['SHELL'] = shell;
  return [command, ...rest];
}
