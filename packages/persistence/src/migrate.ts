import type { DataSource } from 'typeorm';
import { HoldfastError, type Secret } from '@holdfast/shared/domain';
import { connect } from './data-source.ts';
import { migrations } from './migrations/index.ts';

const lockKey = `hashtextextended('holdfast migrations', 0)`;

/**
 * Brings the schema up to date, all or nothing. Of several that run at once one works and the others wait for it.
 * @returns the names of the migrations that were run, oldest first
 */
export async function migrate(url: Secret): Promise<string[]> {
  const dataSource = await connect(url, { poolSize: 2, statementSeconds: 0 });
  const lock = dataSource.createQueryRunner();
  try {
    // Held by this session: when the process dies, the server frees it.
    await lock.query(`select pg_advisory_lock(${lockKey})`);
    await lock.query('create schema if not exists holdfast');
    const done = await dataSource.runMigrations();
    await lock.query(`select pg_advisory_unlock(${lockKey})`);
    return done.map(({ name }) => name);
  } finally {
    await lock.release();
    await dataSource.destroy();
  }
}

/**
 * The schema may be ahead of a program by any number of migrations, but for those that break: while a new version is rolled
 * out, processes of the old one go on over the new schema. A migration must therefore leave what older programs read and
 * write, or say by this beginning of its name that they cannot work any more.
 */
const breaking = /^Breaking/;

/** @throws HoldfastError configuration, when the schema is too old or too new for this program */
export async function requireFittingSchema(dataSource: DataSource): Promise<void> {
  const done = await migrationsDone(dataSource);
  const known = migrations.map(({ name }) => name);
  const missing = known.filter((name) => !done.includes(name));
  if (missing.length > 0) {
    throw new HoldfastError(
      'configuration',
      `The database schema is older than this program (not run: ${missing.join(', ')}): run "node services/api/src/admin.ts migrate"; services that wait for it then go on by themselves.`,
    );
  }
  const tooNew = done.filter((name) => breaking.test(name) && !known.includes(name));
  if (tooNew.length > 0) {
    throw new HoldfastError(
      'configuration',
      `The database schema is newer than this program can work with (${tooNew.join(', ')}): update this program.`,
    );
  }
}

async function migrationsDone(dataSource: DataSource): Promise<string[]> {
  const [table] = await dataSource.query<{ found: boolean }[]>(
    `select to_regclass('holdfast.migrations') is not null as found`,
  );
  if (!table?.found) return [];
  const rows = await dataSource.query<{ name: string }[]>('select name from holdfast.migrations');
  return rows.map(({ name }) => name);
}
