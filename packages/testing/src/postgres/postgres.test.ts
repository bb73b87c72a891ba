import { expect } from 'chai';
import { majors, startPostgres, testDatabase } from './index.ts';

describe('servers for tests', () => {
  for (const major of majors) {
    it(`starts PostgreSQL ${major}, survives a crash and comes back on the same port`, async () => {
      const server = await startPostgres({ major });
      await server.createDatabase('a "b"');
      await server.query('a "b"', 'create table t (n int)', 'insert into t values (7)', 'checkpoint');
      await server.kill();
      await server.restart();
      const rows = await server.query(
        'a "b"',
        'select n, current_setting($$server_version_num$$)::int / 10000 as major from t',
      );
      expect(rows).to.deep.equal([{ n: 7, major }]);
      await server.stop();
    });
  }

  it('gives each caller a database of its own', async () => {
    const [a, b] = [await testDatabase(), await testDatabase()];
    await a.query('create table only_here (n int)');
    expect(await b.query(`select to_regclass('only_here') as found`)).to.deep.equal([{ found: null }]);
    await a.drop();
    await b.drop();
  });
});
