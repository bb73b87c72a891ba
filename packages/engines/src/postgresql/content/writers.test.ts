import { compareContent, type Connection } from '@holdfast/shared/domain';
import {
  calm,
  newDatabase,
  startWriters,
  totalOfAccounts,
  writersStatements,
  type Writers,
} from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { createEngines } from '../../index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');

describe('content under concurrent writers', () => {
  let server: TestPostgres;
  let source: Connection;
  let writers: Writers;

  before(async () => {
    server = await startPostgres();
    source = await newDatabase('empty', server);
    await server.query(source.database, ...writersStatements(20_000));
    writers = await startWriters(source);
  });

  after(async () => {
    await writers.stop();
    await server.stop();
  });

  for (const round of [1, 2, 3]) {
    it(`is that of the very snapshot which was dumped (round ${round})`, async () => {
      const written = writers.transactions;
      await until('the writers write', 10, () => writers.transactions > written + 20);
      const dump = await engine.dump(source, calm(), { content: 'full', contentSeconds: 60 });
      const database = `copy_${round}`;
      const request = {
        target: { mode: 'new_database', database },
        ownership: 'skip',
        restoreId: crypto.randomUUID(),
      } as const;
      await engine.restore(source, request, dump.stream, calm());
      const content = await dump.content;
      if (!content) throw new Error('The dump has no content.');
      const copy = { ...source, database };
      expect(content.missing).to.deep.equal([]);
      expect(compareContent(content, await engine.readContent(copy, content, calm()))).to.deep.equal([]);
      const [sum] = await server.query(database, 'select sum(balance)::int as total from accounts');
      expect(sum).to.deep.equal({ total: totalOfAccounts });
    });
  }
});
