import { expect } from 'chai';
import { Secret } from '@holdfast/shared/domain';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { createEngines } from '../index.ts';

describe('the list of the databases of a PostgreSQL server', () => {
  const signal = new AbortController().signal;
  const engine = createEngines({ clientFolders: [] }).get('postgresql');
  let open: TestDatabase;
  let closed: TestDatabase;
  let secret: TestDatabase;

  before(async () => {
    [open, closed, secret] = [await testDatabase(), await testDatabase(), await testDatabase()];
    await open.query(
      `alter database "${closed.name}" allow_connections false`,
      `revoke connect on database "${secret.name}" from public`,
      `create database "${open.name}_hf_kept_0123456789ab"`,
      `create role lister login password 'lister'`,
    );
  });
  after(async () => {
    await open.query(`drop database "${open.name}_hf_kept_0123456789ab"`, 'drop role lister');
    await Promise.all([open.drop(), closed.drop(), secret.drop()]);
  });

  it('has what one can connect to, in the order of the names, and nothing of the server’s own or ours', async () => {
    const { host, port } = open;
    const connection = {
      host,
      port,
      user: 'lister',
      password: new Secret('lister'),
      database: 'postgres',
      options: {},
    };
    const listed = (await engine.list?.(connection, { signal })) ?? [];
    const names = listed.map(({ name }) => name);
    expect(names).to.include.members([open.name, secret.name, 'postgres']);
    expect(names).to.not.include.members([closed.name]);
    expect(names.filter((name) => /^template|_hf_/.test(name))).to.deep.equal([]);
    expect(names).to.deep.equal(names.toSorted());
    const sizeOf = (database: TestDatabase) => listed.find(({ name }) => name === database.name)?.sizeBytes;
    expect(sizeOf(open)).to.be.greaterThan(0);
    expect(sizeOf(secret)).to.equal(null);
  });
});
