import { isAbsolute } from 'node:path';
import { ApiError } from '@holdfast/client';
import { isPath } from '@holdfast/shared/domain';
import { quoted } from './output/text.ts';
import type { Backup, Database } from './views.ts';

/** What a request is about, as the service shows it. */
interface About {
  /** The one that has to be reached. */
  database: Database;
  /** The one that must not be damaged; null where it may be. */
  damagedBackup?: Backup | null;
}

/** How a backup that is known to be damaged is restored. */
export const damagedWayOn = 'Restore another backup, or say --allow-damaged to try it all the same.';

/**
 * A refusal whose cause the objects themselves show says what to do by commands and options, as the service's own words name
 * fields of its requests.
 * @throws ApiError
 */
export async function inOurWords<T>(about: About, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const message = error instanceof ApiError && error.status === 409 ? causeIn(about) : null;
    if (!(error instanceof ApiError) || message === null) throw error;
    throw new ApiError(error.status, { message, fields: error.fields, requestId: error.requestId });
  }
}

/** In the order in which the service looks; null: something else is in the way. */
function causeIn({ database, damagedBackup }: About): string | null {
  if (isUnreached(database)) return unreached(database);
  const damage = damagedBackup?.verification.damage;
  return damage ? `This backup is damaged: ${damage.detail} ${damagedWayOn}` : null;
}

/** Whether an import has brought it, and nobody has said yet how it is reached. */
const isUnreached = ({ server_id: server, host, type, database }: Database): boolean =>
  server === null && host === null && !(isPath(type) && isAbsolute(database));

function unreached({ name, type }: Database): string {
  const reached = isPath(type) ? '--database PATH' : '--host HOST --user USER --password-stdin';
  return `The database "${name}" came from an import and has no connection yet: \`holdfast databases edit ${quoted(name)} ${reached}\` gives it one, or --server NAME where a remote server backs it up.`;
}
