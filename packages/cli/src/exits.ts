/** What the program ends with, for scripts. */
export const exits = {
  ok: 0,
  /** What was asked for was done, and came out badly: a failed backup, an unprotected database, an import that lacks some. */
  failed: 1,
  usage: 2,
  /** No valid token, or one that may not do this. */
  refused: 3,
  /** Nothing has that name, or several have. */
  notFound: 4,
  unreachable: 5,
  interrupted: 130,
} as const;

export type Exit = (typeof exits)[keyof typeof exits];

/** Ends the program with its message. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exit: Exit;

  constructor(exit: Exit, message: string) {
    super(message);
    this.exit = exit;
  }
}

/** What the caller got wrong. */
export const usageError = (message: string): CliError => new CliError(exits.usage, message);

export const exitsHelp = `Exit codes:
    0  done
    1  it failed: a backup ended in error, a database is unprotected, a chain is broken, an import found backups that are
       damaged or that it could not take, a change was refused by what is there
    2  wrong usage, or a value that the service does not take
    3  refused: no valid token, or one that may not do this
    4  nothing has that name, or several have
    5  the service could not be reached, or is not ready
  130  interrupted; what waits or runs in the service goes on
  141  whoever read standard output went away before its end`;
