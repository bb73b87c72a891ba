import type { Backup, BackupFile } from '../../data/backups.ts';
import type { Database } from '../../data/databases.ts';
import type { RestoreWish } from '../../data/restores.ts';

/** What the wizard's first step asks, as its form holds it. */
export interface WishFields {
  place: 'beside' | 'in_place' | 'other';
  /** Of the new database; a path of kinds that are paths. */
  name: string;
  /** The other registered database; '' while none is chosen. */
  other: string;
  /** One a line. */
  schemas: string;
  tables: string;
  ownership: 'usual' | 'keep' | 'skip';
  keepHours: number | null;
  allowDamaged: boolean;
  /** Whether the roles of the server are brought back too, where the backup has them; null: as usual. */
  globals: boolean | null;
}

/** Beside the database under a name that says of when it is: nothing in use is changed. */
export function newWish({ type, database }: Database, { created_at: at }: Backup): WishFields {
  const day = at.slice(0, 10).replaceAll('-', '');
  const isPath = type === 'sqlite' || type === 'files';
  const base = isPath ? database.replace(/\.[^./]+$/, '') : database;
  const extension = isPath ? (/\.[^./]+$/.exec(database)?.[0] ?? '') : '';
  return {
    place: 'beside',
    name: type === 'redis' ? '' : `${base}_restored_${day}${extension}`,
    other: '',
    schemas: '',
    tables: '',
    ownership: 'usual',
    keepHours: null,
    allowDamaged: false,
    globals: null,
  };
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Whether a part of a backup of that kind can be restored. */
export const takesParts = ({ type, server_id: server }: Database): boolean => type === 'postgresql' && server === null;

/** Whether a part alone is wanted. */
const takesPart = ({ place, schemas, tables }: WishFields): boolean =>
  place === 'beside' && linesOf(schemas).length + linesOf(tables).length > 0;

/** Roles are the server's, which others use: they come by themselves only with a whole that keeps its owners. */
function usuallyBrings(fields: WishFields): boolean {
  const { ownership, place } = fields;
  return (ownership === 'usual' ? place === 'in_place' : ownership === 'keep') && !takesPart(fields);
}

/** Whether the roles of the server are brought back, where the backup has them. */
export const bringsGlobals = (fields: WishFields): boolean => fields.globals ?? usuallyBrings(fields);

const wantedOf = (fields: WishFields, files: readonly BackupFile[]): BackupFile[] =>
  files.filter(({ role }) => role === 'dump' || (role === 'globals' && bringsGlobals(fields)));

/** The body of the request, without what was left at its usual value. */
export function wishOf(fields: WishFields, files: readonly BackupFile[]): NonNullable<RestoreWish> {
  const { place, ownership, keepHours } = fields;
  const [schemas, tables] = [linesOf(fields.schemas), linesOf(fields.tables)];
  const isPart = takesPart(fields);
  const namesFiles = bringsGlobals(fields) !== usuallyBrings(fields) && files.some(({ role }) => role === 'globals');
  return {
    target: targetOf(fields),
    ...(ownership !== 'usual' && { ownership }),
    ...(isPart && { selection: { schemas, tables } }),
    ...(place !== 'beside' && keepHours !== null && { keep_hours: keepHours }),
    ...(fields.allowDamaged && { allow_damaged: true }),
    ...(namesFiles && { files: wantedOf(fields, files).map(({ id }) => id) }),
  };
}

function targetOf({ place, name, other }: WishFields): NonNullable<NonNullable<RestoreWish>['target']> {
  switch (place) {
    case 'beside':
      return { new_database: name.trim() };
    case 'other':
      return { database_id: other };
    case 'in_place':
      return { in_place: true };
  }
}
