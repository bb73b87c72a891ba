import { chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { isRoot } from '@holdfast/embedded';
import { searchPath } from '@holdfast/shared/config';
import { Secret } from '@holdfast/shared/domain';
import { calm, connectionTo } from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { Clients } from '../clients.ts';
import { postgresqlGlobals } from './index.ts';

const globals = postgresqlGlobals(new Clients(searchPath()));

describe('tablespaces among the globals', () => {
  let source: TestPostgres;
  let target: TestPostgres;
  let root: string;
  let bytes: Buffer;

  /** A folder that the server may write to. */
  const folder = (name: string): string => {
    const path = join(root, name);
    mkdirSync(path);
    if (isRoot()) chownSync(path, 65534, 65534);
    return path;
  };

  const restore = async (user?: { user: string; password: Secret }): Promise<string> =>
    (await globals.restore(connectionTo(target, 'postgres', user), Readable.from([bytes]), calm())).outcome;

  const tablespaces = (server: TestPostgres): Promise<unknown[]> =>
    server.query(
      'postgres',
      `select spcname, pg_get_userbyid(spcowner) as owner, spcoptions, pg_tablespace_location(oid) as location,
         shobj_description(oid, 'pg_tablespace') as comment from pg_tablespace where oid > 16383 order by 1`,
    );

  before(async () => {
    root = mkdtempSync(join(tmpdir(), `holdfast tablespaces-`));
    chmodSync(root, 0o755);
    [source, target] = await Promise.all([startPostgres(), startPostgres()]);
    await source.query(
      'postgres',
      `create role keeper`,
      `create tablespace "Fast ""one""" owner keeper location '${folder('fast \\ one').replaceAll("'", "''")}'`,
      `alter tablespace "Fast ""one""" set (random_page_cost = 1.5, effective_io_concurrency = 3)`,
      `comment on tablespace "Fast ""one""" is 'it''s \\ fast'`,
      `create tablespace slow location '${folder('slow').replaceAll("'", "''")}'`,
    );
    bytes = await buffer((await globals.dump(connectionTo(source, 'postgres'), calm())).stream);
  });
  after(async () => {
    await Promise.all([source.stop(), target.stop()]);
    rmSync(root, { recursive: true, force: true });
  });

  it('are left out where their folders are not there or not empty, and the roles come back all the same', async () => {
    renameSync(join(root, 'slow'), join(root, 'away'));
    const outcome = await restore();
    expect(outcome).to.match(/^Roles: 1 created/);
    expect(outcome).to.match(/Tablespace "Fast \\"one\\"" was left out: its folder .* is not empty\./);
    expect(outcome).to.match(/Tablespace "slow" was left out: its folder .* is not on the server/);
    expect(await tablespaces(target)).to.deep.equal([]);
  });

  it('are left out with a word where the user is no superuser', async () => {
    await target.query('postgres', `create role maker login createrole password 'maker'`);
    expect(await restore({ user: 'maker', password: new Secret('maker') })).to.contain('only a superuser may');
    expect(await tablespaces(target)).to.deep.equal([]);
  });

  it('come back with owner, options and comment where their folders are there and empty, as often as asked', async () => {
    renameSync(join(root, 'fast \\ one'), join(root, 'fast away'));
    folder('fast \\ one');
    folder('slow');
    expect(await restore()).to.contain('Tablespaces: 2 created, 0 that existed');
    expect(await tablespaces(target)).to.deep.equal(await tablespaces(source));
    await target.query(
      'postgres',
      `alter tablespace slow reset (random_page_cost)`,
      `comment on tablespace slow is null`,
    );
    expect(await restore()).to.contain('Tablespaces: 0 created, 2 that existed');
    expect(await tablespaces(target)).to.deep.equal(await tablespaces(source));
  });

  it('of the same name in another folder stay as they are', async () => {
    await target.query('postgres', 'drop tablespace slow');
    await target.query('postgres', `create tablespace slow location '${folder('other').replaceAll("'", "''")}'`);
    const before = await tablespaces(target);
    expect(await restore()).to.contain(
      'Tablespace "slow" was left out: the server has one of that name in another folder',
    );
    expect(await tablespaces(target)).to.deep.equal(before);
  });
});
