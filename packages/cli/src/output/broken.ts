import { exits } from '../exits.ts';
import { writeProblem } from './write-problem.ts';

/** As of a program that SIGPIPE ended. */
const cutOff = 141;

/** How the program ends when standard output takes no more: what is there is not the whole result, so never well. */
export function endOfOutput(error: NodeJS.ErrnoException): { exit: number; text: string | null } {
  // Whoever reads may have had enough, as `head` has, and needs no words.
  if (error.code === 'EPIPE') return { exit: cutOff, text: null };
  return { exit: exits.failed, text: `Standard output could not be written: ${writeProblem(error)}.` };
}
