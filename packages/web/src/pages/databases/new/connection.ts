import type { DatabaseType } from '../../../data/databases.ts';
import type { Look, Registration } from '../../../data/new-database.ts';
import type { FieldErrors } from '../../plan/field-errors.ts';
import { kindOf } from './kinds.ts';

export type TlsMode = NonNullable<NonNullable<Registration['options']>['sslmode']>;

/** How a database is reached, as its form holds it. */
export interface Connection {
  type: DatabaseType | null;
  /** '': by our workers; else the number of the remote server that backs it up. */
  server: string;
  /** '': the one that is suggested. */
  name: string;
  host: string;
  /** Null: the usual one. */
  port: number | null;
  user: string;
  password: string;
  /** On its server; the path of a kind that is one. */
  database: string;
  tls: TlsMode;
  certificates: string;
  authSource: string;
  globals: boolean;
  /** A pattern a line. */
  ignore: string;
}

/** What a part of the form is given. */
export interface ConnectionPart {
  value: Connection;
  change: (change: Partial<Connection>) => void;
  errors: FieldErrors;
}

export const newConnection = (): Connection => ({
  type: null,
  server: '',
  name: '',
  host: '',
  port: null,
  user: '',
  password: '',
  database: '',
  tls: 'prefer',
  certificates: '',
  authSource: '',
  globals: false,
  ignore: '',
});

export const isPath = ({ type }: Connection): boolean => type !== null && kindOf(type)?.port === null;

/** The name that a database has where none is written; '' where nothing suggests one. */
export function suggestedName(connection: Connection): string {
  const { type, host, database } = connection;
  if (isPath(connection)) return database.split('/').findLast((part) => part !== '') ?? '';
  return type === 'redis' || database === '*' ? host : database;
}

/** The body of a registration. What is empty is left out, so that the server says that it is missing. */
export function registrationOf(connection: Connection & { type: DatabaseType }): Registration {
  const { type, server, host, port, user, password, database } = connection;
  const base = { name: connection.name.trim() || suggestedName(connection), type };
  if (server !== '') return { ...base, server_id: Number(server) };
  const options = optionsOf(connection);
  if (isPath(connection)) return { ...base, ...(database !== '' && { database }), options };
  return {
    ...base,
    ...(host !== '' && { host: host.trim() }),
    ...(port !== null && { port }),
    ...(user !== '' && { user }),
    ...(password !== '' && { password }),
    ...(database !== '' && { database }),
    options,
  };
}

function optionsOf(connection: Connection & { type: DatabaseType }): NonNullable<Registration['options']> {
  const { type, tls, certificates, authSource, globals } = connection;
  const ignore = connection.ignore.split('\n').flatMap((line) => line.trim() || []);
  if (isPath(connection)) return type === 'files' && ignore.length > 0 ? { ignore } : {};
  return {
    sslmode: tls,
    ...(certificates.trim() !== '' && tls.startsWith('verify') && { ca: certificates }),
    ...(type === 'mongodb' && authSource !== '' && { auth_source: authSource }),
    ...(type === 'postgresql' && globals && { globals }),
  };
}

/** The field that each failure of a look is about. */
const fieldOfFailure: Readonly<Partial<Record<NonNullable<Look['error']>['code'], string>>> = {
  auth_failed: 'password',
  host_unknown: 'host',
  host_unreachable: 'host',
  database_missing: 'database',
  path_outside_root: 'database',
  tls_failed: 'options.sslmode',
};

/** What a look says of single fields. */
export function errorsOfLook(look: Look | undefined): FieldErrors {
  const error = look?.error;
  const field = error ? fieldOfFailure[error.code] : undefined;
  return error && field !== undefined ? { [field]: [error.message] } : {};
}

/** The fields of this step, by which a refusal finds its way back to it. */
export const isOfConnection = (field: string): boolean =>
  ['name', 'type', 'server_id', 'host', 'port', 'user', 'password', 'database', 'options'].includes(
    field.split('.')[0] ?? '',
  );
