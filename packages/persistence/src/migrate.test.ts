import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { HoldfastError, Secret } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { SecretBox } from '@holdfast/shared/security';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { migrations } from './migrations/index.ts';
import { migrate, openPersistence } from './index.ts';

const box = new SecretBox([{ id: 'test', key: randomBytes(32) }]);

const refusal = async (url: string): Promise<HoldfastError> => {
  try {
    const persistence = await openPersistence({ url: new Secret(url), box, ids: systemIds });
    await persistence.close();
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new Error('It opened.');
};

describe('migrations', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(() => database.drop());

  it('run once when several processes migrate at the same time, and all succeed', async () => {
    const url = new Secret(database.url);
    const ran = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(ran.flat()).to.deep.equal(migrations.map(({ name }) => name));
    expect(await migrate(url)).to.deep.equal([]);
  });

  it('that were not run keep the program from starting, which says what to do', async () => {
    const { code, message } = await refusal(database.url);
    expect(code).to.equal('configuration');
    expect(message).to.contain('Initial1763683200000').and.contain('run "node services/api/src/admin.ts migrate"');
  });

  it('of a newer program do not keep an older one from starting', async () => {
    await migrate(new Secret(database.url));
    await database.query(`insert into holdfast.migrations (timestamp, name) values (1, 'Later9999999999999')`);
    const persistence = await openPersistence({ url: new Secret(database.url), box, ids: systemIds });
    await persistence.ping();
    await persistence.close();
  });

  it('and the service say why their database cannot be used, without its password', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const missing = await refusal(url.href);
    expect(missing.message).to.contain('DATABASE_URL').and.contain('no_such_database');
    url.port = '1';
    const away = await refusal(url.href);
    expect(away.code).to.equal('host_unreachable');
    expect(away.message).to.contain('ECONNREFUSED').and.not.contain(database.password);
  });
});
