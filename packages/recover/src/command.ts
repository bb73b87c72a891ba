import { parseArgs } from 'node:util';
import { noDatabaseName, tlsModes, type TlsMode } from '@holdfast/shared/domain';
import { UsageError } from './usage.ts';

/** Where the backups are. */
export type Place =
  | { type: 'folder'; path: string }
  | {
      type: 'bucket';
      bucket: string;
      prefix: string;
      endpoint: string | null;
      region: string | null;
      pathStyle: boolean;
    };

/** What a restore is to do, as it was given; what is null comes from the environment or from the backup. */
export interface TargetOptions {
  host: string | null;
  port: number | null;
  user: string | null;
  database: string | null;
  /** The directory that a backup of one is unpacked to, instead of a database. */
  to: string | null;
  inPlace: boolean;
  /** Whether the confirmation of a restore in place was given beforehand. */
  yes: boolean;
  globals: boolean;
  keepOwners: boolean;
  /** Whether what came of the dump is held against the content manifest before it is put in place. */
  compares: boolean;
  schemas: string[];
  tables: string[];
  sslmode: TlsMode | null;
  /** Path of a file with certificates. */
  ca: string | null;
}

interface Common {
  place: Place;
  /** Paths of files with private keys. */
  identityFiles: string[];
  json: boolean;
}

export type Command = Common &
  (
    | { name: 'list'; database: string | null }
    | { name: 'show' | 'verify'; backup: string }
    | { name: 'download'; backup: string; to: string; plain: boolean }
    | { name: 'restore'; backup: string; target: TargetOptions }
  );

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;

const placeOptions = {
  folder: text,
  bucket: text,
  prefix: text,
  endpoint: text,
  region: text,
  'path-style': flag,
} as const;
const targetOptions = {
  host: text,
  port: text,
  user: text,
  url: text,
  'in-place': flag,
  yes: flag,
  globals: flag,
  'keep-owners': flag,
  'without-comparison': flag,
  schema: texts,
  table: texts,
  sslmode: text,
  ca: text,
} as const;
const options = {
  ...placeOptions,
  ...targetOptions,
  identity: texts,
  database: text,
  to: text,
  plain: flag,
  json: flag,
  help: flag,
} as const;

type Given = ReturnType<typeof parse>['values'];

/** The options that each command takes beside those of the place, the keys and the output. */
const own: Readonly<Record<Command['name'], readonly string[]>> = {
  list: ['database'],
  show: [],
  verify: [],
  download: ['to', 'plain'],
  restore: ['database', 'to', ...Object.keys(targetOptions)],
};
const common = new Set([...Object.keys(placeOptions), 'identity', 'json']);

const isCommand = (name: string | undefined): name is Command['name'] => name !== undefined && Object.hasOwn(own, name);

/** @returns null when help is asked for. @throws UsageError */
export function readCommand(given: readonly string[]): Command | null {
  const { values, positionals } = parse(given);
  const [name, backup, ...more] = positionals;
  if (values.help || (name === undefined && given.length === 0)) return null;
  if (!isCommand(name)) {
    throw new UsageError(
      `The first word must be a command: ${Object.keys(own).join(', ')}${name === undefined ? '' : `, not "${name}"`}.`,
    );
  }
  const strange = Object.keys(values).find((option) => !common.has(option) && !own[name].includes(option));
  if (strange !== undefined) throw new UsageError(`${name} takes no --${strange}.`);
  if (more.length > 0) throw new UsageError(`"${more.join(' ')}" is too much: ${name} takes one backup at most.`);
  const shared = { place: placeOf(values), identityFiles: values.identity ?? [], json: values.json ?? false };
  if (name === 'list') {
    if (backup !== undefined) throw new UsageError('list takes no backup: show tells of one.');
    return { ...shared, name, database: values.database ?? null };
  }
  if (backup === undefined) throw new UsageError(`${name} needs a backup: its id, or latest:NAME.`);
  switch (name) {
    case 'show':
    case 'verify':
      return { ...shared, name, backup };
    case 'download':
      if (!values.to) throw new UsageError('download needs --to, the folder to write the files to.');
      return { ...shared, name, backup, to: values.to, plain: values.plain ?? false };
    case 'restore':
      return { ...shared, name, backup, target: targetOf(values) };
  }
}

function parse(given: readonly string[]) {
  const read = parsed(given);
  const names = read.tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
  const repeated = names.find((name, index) => takesOne(name) && names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new UsageError(`--${repeated} takes one value and was given several times: keep the one that is meant.`);
  }
  return read;
}

const takesOne = (name: string): boolean =>
  Object.entries<{ type: string; multiple?: boolean }>(options).some(
    ([known, { type, multiple }]) => known === name && type === 'string' && multiple !== true,
  );

function parsed(given: readonly string[]) {
  try {
    return parseArgs({ args: [...given], options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    // Whatever was typed behind a wrong option may be a secret: only the option's name is repeated.
    const unknown = /'(--?[A-Za-z-]+)/.exec((error as Error).message)?.[1];
    throw new UsageError(`The option ${unknown ?? 'given'} is not known, or is used wrongly: --help lists them.`);
  }
}

function placeOf(given: Given): Place {
  const { folder, bucket, prefix, endpoint, region } = given;
  if ((folder === undefined) === (bucket === undefined)) {
    throw new UsageError('Say where the backups are: either --folder DIR or --bucket B.');
  }
  if (folder !== undefined) {
    const wrong = Object.keys(placeOptions).find((name) => name !== 'folder' && Object.hasOwn(given, name));
    if (wrong !== undefined) throw new UsageError(`--${wrong} belongs to a bucket, not to --folder.`);
    return { type: 'folder', path: folder };
  }
  return {
    type: 'bucket',
    bucket: bucket ?? '',
    prefix: prefix === undefined || prefix === '' ? '' : `${prefix.replace(/\/+$/, '')}/`,
    endpoint: endpoint ?? null,
    region: region ?? null,
    pathStyle: given['path-style'] ?? false,
  };
}

function targetOf(given: Given): TargetOptions {
  const url = given.url === undefined ? {} : readUrl(given.url);
  const database = given.database ?? url.database ?? null;
  const inPlace = given['in-place'] ?? false;
  const [schemas, tables] = [given.schema ?? [], given.table ?? []];
  const to = given.to ?? null;
  if (to === '') throw new UsageError('--to must be the path of a directory.');
  if (to !== null && database !== null) {
    throw new UsageError('Give --to for a backup of a directory, or --database for any other: not both.');
  }
  if (inPlace && database === null && to === null) {
    throw new UsageError('--in-place needs --database, the database to replace; of a directory --to.');
  }
  if (inPlace && schemas.length + tables.length > 0) {
    throw new UsageError('--schema and --table restore a part, which cannot replace a whole: leave out --in-place.');
  }
  if (database !== null && (noDatabaseName.test(database) || database === '')) {
    throw new UsageError('--database must be a plain name: not an option, a connection string or a URL.');
  }
  const { sslmode } = given;
  const mode = tlsModes.find((known) => known === sslmode);
  if (sslmode !== undefined && mode === undefined) {
    throw new UsageError(`--sslmode must be one of ${tlsModes.join(', ')}.`);
  }
  return {
    host: given.host ?? url.host ?? null,
    port: readPort(given.port ?? url.port),
    user: given.user ?? url.user ?? null,
    database,
    to,
    inPlace,
    yes: given.yes ?? false,
    globals: given.globals ?? false,
    keepOwners: given['keep-owners'] ?? false,
    compares: !(given['without-comparison'] ?? false),
    schemas,
    tables,
    sslmode: mode ?? null,
    ca: given.ca ?? null,
  };
}

/** @throws UsageError, which repeats nothing of a URL, as there may be a password in it */
function readUrl(text: string): { host?: string; port?: string; user?: string; database?: string } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.search || url.hash) {
    throw new UsageError('--url must look like postgres://USER@HOST:PORT, without parameters.');
  }
  if (url.password) {
    throw new UsageError(
      '--url must not hold a password, which every user of this machine could read: set PGPASSWORD or PGPASSFILE.',
    );
  }
  const { hostname, port, username, pathname } = url;
  const found = {
    host: decodeURIComponent(hostname).replace(/^\[(.*)\]$/, '$1'),
    port,
    user: decodeURIComponent(username),
    database: decodeURIComponent(pathname.slice(1)),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== ''));
}

export function readPort(given: string | undefined | null): number | null {
  if (given === undefined || given === null) return null;
  const port = Number(given);
  if (/^\d{1,5}$/.test(given) && port >= 1 && port <= 65_535) return port;
  throw new UsageError('The port must be a number from 1 to 65535.');
}
