import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestPostgres } from '@holdfast/testing/postgres';
import type { Bed } from '../bed/bed.ts';
import { fingerprint, readVersion } from '../bed/fingerprint.ts';
import type { Destinations } from '../driver/places.ts';
import { localFolder, s3Prefix } from '../driver/places.ts';
import type { Evidence, Found, Holding } from './evidence.ts';

type Rows = Pick<Evidence, 'backups' | 'attempts' | 'files' | 'restores' | 'schedules' | 'slots'>;

/** Tables of the service whose rows are judged. */
const tables = {
  backups: 'backups',
  attempts: 'backup_attempts',
  files: 'backup_files',
  restores: 'restores',
  schedules: 'schedules',
  slots: 'slots',
} as const satisfies Record<keyof Rows, string>;

export async function collectRows({ postgres, database }: Bed): Promise<Rows> {
  const read = async (table: string): Promise<unknown[]> => {
    const [exists] = await postgres.query(database, `select to_regclass('holdfast.${table}') is not null as yes`);
    if (exists?.['yes'] !== true) return [];
    const rows = await postgres.query(database, `select to_jsonb(t) as row from holdfast.${table} t`);
    return rows.map(({ row }) => row);
  };
  const entries = await Promise.all(Object.entries(tables).map(async ([name, table]) => [name, await read(table)]));
  return Object.fromEntries(entries) as Rows;
}

const temporary = '.holdfast-upload-';

export async function collectObjects(
  { s3, disk }: Bed,
  destinations: Destinations,
): Promise<Pick<Evidence, 'objects' | 'uploads'>> {
  const content = await s3.content();
  const inS3 = ({ key }: { key: string }): Found => ({
    destinationId: destinations.s3,
    key: key.startsWith(s3Prefix) ? key.slice(s3Prefix.length) : key,
  });
  const folder = join(disk.root, localFolder);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const locally = (key: string): Found => ({ destinationId: destinations.local, key });
  return {
    objects: [...content.objects.map(inS3), ...files.filter((file) => !file.includes(temporary)).map(locally)],
    uploads: [...content.uploads.map(inS3), ...files.filter((file) => file.includes(temporary)).map(locally)],
  };
}

/** What a database holds; null when it does not exist. */
export async function holdingOf(server: TestPostgres, database: string): Promise<Holding | null> {
  const { host, port, user, password } = server;
  const client = new Client({ host, port, user, password, database });
  try {
    await client.connect();
    await client.query('begin isolation level repeatable read');
    return { version: await readVersion(client), lines: await fingerprint(client) };
  } catch (error) {
    if ((error as { code?: string }).code === '3D000') return null;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function databaseNames(server: TestPostgres): Promise<string[]> {
  const rows = await server.query('postgres', 'select datname from pg_database');
  return rows.map(({ datname }) => String(datname));
}
