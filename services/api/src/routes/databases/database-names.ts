import { isPath, type Database, type EngineType } from '@holdfast/shared/domain';
import { databaseName } from '../../http/fields.ts';
import { invalid } from '../../http/problem.ts';

/** Longest path that is taken, in characters; it stands in keys beside an id. */
export const longestPath = 1024;

/** Of whom a name is asked: what kind of database it is, and whether a remote server reaches it. */
interface Named {
  type: EngineType;
  isRemote: boolean;
}

const isAbsolute = (value: string): boolean =>
  value.startsWith('/') && value !== '/' && !value.split('/').includes('..') && Buffer.byteLength(value) <= longestPath;

const mustBePath = 'must be an absolute path without "..", of at most 1024 bytes';

/** What is wrong with the `database` of a registration, to the end of a sentence; null: nothing. */
export function databaseProblem({ type, isRemote }: Named, value: string | undefined): string | null {
  if (isPath(type) && !isRemote) {
    if (value === undefined) return `is required when type is ${type} and there is no server_id: it ${mustBePath}`;
    return isAbsolute(value) ? null : mustBePath;
  }
  const { error } = databaseName.safeParse(value ?? 'its own name');
  return error?.issues[0]?.message ?? null;
}

/** Whether a database can be restored as a new one of that name: a path, or a name beside the registered one, where it is a path. */
export function isNewName({ type, isRemote }: Named, value: string): boolean {
  if (!isPath(type)) return databaseName.safeParse(value).success;
  if (value.startsWith('/')) return !isRemote && isAbsolute(value);
  return !value.includes('/') && value !== '.' && value !== '..' && Buffer.byteLength(value) <= 200;
}

/** @throws Problem 422 */
export function requireDatabaseName(named: Named, value: string | undefined): void {
  const problem = value === undefined ? null : databaseProblem(named, value);
  if (problem !== null) throw invalid({ database: [`The database field ${problem}.`] });
}

/** Whether our workers know where a database that is a path lies; an import brings also those that a remote server knew. */
export const hasPath = ({ type, database }: Pick<Database, 'type' | 'database'>): boolean =>
  isPath(type) && isAbsolute(database);
