import type { Connection, PreflightFinding, RestoreRequest, RestoreSubject } from '@holdfast/shared/domain';
import type { PostgresContext } from './context.ts';
import type { DatabaseProperties } from './properties.ts';
import type { Session } from './session.ts';

/** What the parts of a look before a restore are given. */
export interface Look {
  /** Connected to a database that is not the target. */
  session: Session;
  connection: Connection;
  request: RestoreRequest;
  subject: RestoreSubject;
  /** The target's name. */
  name: string;
  registered: DatabaseProperties | null;
  /** What has the target's name now. */
  present: DatabaseProperties | null;
  context: PostgresContext;
}

export const finding = (severity: PreflightFinding['severity'], code: string, message: string): PreflightFinding => ({
  severity,
  code,
  message,
});

const shown = 10;

/** Names in a sentence; a long list ends with a summary. */
export function listed(names: readonly string[]): string {
  const more = names.length - shown;
  return names.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Bytes for people: `3.1 GB`. */
export function inBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}
