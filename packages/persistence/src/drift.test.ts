import { expect } from 'chai';
import type { DataSource } from 'typeorm';
import { Secret } from '@holdfast/shared/domain';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { connect } from './data-source.ts';
import { migrate } from './migrate.ts';

/** What the server itself says of every table; an identity column and a serial one both read as `generated`. */
const catalogue = `
  select format('column %s.%s %s%s default %s', c.table_name, c.column_name,
    format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' end,
    case when c.is_identity = 'YES' or c.column_default like 'nextval(%' then 'generated' else c.column_default end) as line
  from information_schema.columns c
  join pg_attribute a on a.attrelid = format('%I.%I', c.table_schema, c.table_name)::regclass and a.attname = c.column_name
  where c.table_schema = 'holdfast' and c.table_name <> 'migrations'
  union all
  select format('constraint %s.%s %s', r.relname, n.conname, pg_get_constraintdef(n.oid))
  from pg_constraint n join pg_class r on r.oid = n.conrelid
  where r.relnamespace = 'holdfast'::regnamespace and r.relname <> 'migrations'
  union all
  select indexdef from pg_indexes where schemaname = 'holdfast' and tablename <> 'migrations'
  order by 1`;

describe('the schema', () => {
  const databases: TestDatabase[] = [];
  const opened: DataSource[] = [];

  const newDatabase = async (): Promise<Secret> => {
    const database = await testDatabase();
    databases.push(database);
    return new Secret(database.url);
  };
  const open = async (url: Secret): Promise<DataSource> => {
    const dataSource = await connect(url, { poolSize: 2, statementSeconds: 30 });
    opened.push(dataSource);
    return dataSource;
  };

  afterEach(async () => {
    for (const dataSource of opened.splice(0)) await dataSource.destroy();
    for (const database of databases.splice(0)) await database.drop();
  });

  it('of the migrations is the one that the entities describe', async () => {
    const url = await newDatabase();
    await migrate(url);
    const dataSource = await open(url);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).to.deep.equal([]);
  });

  it('has the same columns, checks, keys and partial indexes in the migrations and in the entities', async () => {
    const migrated = await newDatabase();
    await migrate(migrated);
    const built = await open(await newDatabase());
    await built.query('create schema holdfast');
    await built.synchronize();
    const lines = async (dataSource: DataSource): Promise<string[]> =>
      (await dataSource.query<{ line: string }[]>(catalogue)).map(({ line }) => line);
    expect(await lines(await open(migrated))).to.deep.equal(await lines(built));
  });
});
