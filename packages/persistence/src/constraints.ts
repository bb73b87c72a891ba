import { QueryFailedError } from 'typeorm';

interface ServerError {
  code?: string;
  constraint?: string;
}

/** The name of the constraint or unique index that refused a statement; null for any other error. */
export function violatedConstraint(error: unknown): string | null {
  if (!(error instanceof QueryFailedError)) return null;
  const { code, constraint }: ServerError = error.driverError;
  return code?.startsWith('23') ? (constraint ?? null) : null;
}
