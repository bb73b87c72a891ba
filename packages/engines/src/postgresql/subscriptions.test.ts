import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Connection, RestoreRequest } from '@holdfast/shared/domain';
import { calm, dumpOf, newDatabase } from '@holdfast/testing/engines';
import { sharedPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createEngines } from '../index.ts';

const engine = createEngines({ clientFolders: [] }).get('postgresql');

describe('a database that subscribes to another one', () => {
  const databases = async (like: string): Promise<unknown[]> => {
    const server = await sharedPostgres();
    const rows = await server.query('postgres', `select datname from pg_database where datname like '${like}%'`);
    return rows.map(({ datname }) => datname);
  };

  const subscribing = async (): Promise<Connection> => {
    const server = await sharedPostgres();
    const connection = await newDatabase('empty', server);
    await server.query(
      connection.database,
      'create table t (n int)',
      `create subscription "odd ""name" connection 'dbname=nowhere' publication p with (connect = false, slot_name = ${connection.database})`,
    );
    return connection;
  };

  const restore = (connection: Connection, request: RestoreRequest, archive: Buffer): Promise<unknown> =>
    engine.restore(connection, request, Readable.from([archive]), calm());

  it('is dropped when it is scratch, though PostgreSQL refuses to drop one with subscriptions', async () => {
    const connection = await subscribing();
    const database = `${connection.database}_copy`;
    const request = { target: { mode: 'new_database', database }, ownership: 'skip', restoreId: randomUUID() } as const;
    await restore(connection, request, await dumpOf(engine, connection));
    expect(await databases(database)).to.deep.equal([database]);
    await engine.dropRestored(connection, request, calm());
    expect(await databases(database)).to.deep.equal([]);
  });

  it('leaves nothing beside it when it is restored in place, nor when its former content is dropped, closed as that is', async () => {
    const connection = await subscribing();
    const archive = await dumpOf(engine, connection);
    const request = { target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID() } as const;
    await restore(connection, request, archive);
    expect(await databases(connection.database)).to.deep.equal([connection.database]);

    const keeping = { ...request, restoreId: randomUUID(), keepFormer: true };
    await restore(connection, keeping, archive);
    expect(await databases(connection.database)).to.have.length(2);
    await engine.dropFormer(connection, keeping.restoreId, calm());
    expect(await databases(connection.database)).to.deep.equal([connection.database]);
  });
});
