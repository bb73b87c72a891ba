import { expect } from 'chai';
import { Secret } from '@holdfast/shared/domain';
import { testDatabase } from '@holdfast/testing/postgres';
import { connect } from './data-source.ts';
import { migrations } from './migrations/index.ts';

interface Column {
  name: string;
  type: string;
  /** Whether an insert that does not know the column fails. */
  demanded: boolean;
  nullable: boolean;
}

/** The migrations of the first release: nothing older runs beside what they make. */
const firstRelease = 11;

const catalogue = `
  select format('%s.%s', c.relname, a.attname) as name, format_type(a.atttypid, a.atttypmod) as type,
    a.attnotnull and not a.atthasdef and a.attidentity = '' as demanded, not a.attnotnull as nullable
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'holdfast'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
  order by 1`;

/** What of a change of schema an older program would stumble over. */
function obstacles(before: readonly Column[], after: readonly Column[]): string[] {
  const tables = new Set(before.map(tableOf));
  const now = new Map(after.map((column) => [column.name, column]));
  const lost = before.flatMap((old) => {
    const found = now.get(old.name);
    if (!found) return [`${old.name} is gone`];
    if (found.type !== old.type) return [`${old.name} is ${found.type} instead of ${old.type}`];
    if (old.nullable && !found.nullable) return [`${old.name} may not be null any more`];
    return found.demanded && !old.demanded ? [`${old.name} has no default any more`] : [];
  });
  const known = new Set(before.map(({ name }) => name));
  const demanded = after.filter((column) => tables.has(tableOf(column)) && !known.has(column.name) && column.demanded);
  return [...lost, ...demanded.map(({ name }) => `${name} is demanded of programs that do not know it`)];
}

const tableOf = ({ name }: Column): string => name.slice(0, name.indexOf('.'));

describe('a migration', () => {
  it('leaves what older programs read and write, or says by its name that they cannot work any more', async () => {
    const database = await testDatabase();
    const dataSource = await connect(new Secret(database.url), { poolSize: 1, statementSeconds: 30 });
    const runner = dataSource.createQueryRunner();
    const columns = async (): Promise<Column[]> => (await runner.query(catalogue)) as Column[];
    await runner.query('create schema holdfast');
    for (const [index, Migration] of migrations.entries()) {
      const before = await columns();
      await new Migration().up(runner);
      const found = obstacles(before, await columns());
      if (index >= firstRelease && !Migration.name.startsWith('Breaking')) {
        expect(found, Migration.name).to.deep.equal([]);
      }
    }
    const before = await columns();
    await runner.query(
      'alter table holdfast.accounts add column shown text, add column rank integer not null default 1',
    );
    expect(obstacles(before, await columns()), 'what may be added').to.deep.equal([]);
    await runner.query('alter table holdfast.accounts add column owner text not null, alter column shown set not null');
    await runner.query('alter table holdfast.accounts alter column rank type bigint');
    await runner.query('alter table holdfast.servers drop column last_seen_at');
    expect(obstacles(before, await columns()), 'what may not').to.deep.equal([
      'servers.last_seen_at is gone',
      'accounts.owner is demanded of programs that do not know it',
      'accounts.shown is demanded of programs that do not know it',
    ]);
    await runner.release();
    await dataSource.destroy();
    await database.drop();
  });
});
