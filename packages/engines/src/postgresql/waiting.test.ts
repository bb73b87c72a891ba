import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { calm, contentOf, dumpOf, failureOf, newDatabase, openClient } from '@holdfast/testing/engines';
import { sharedPostgres } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { createEngines } from '../index.ts';
import { runningPrograms } from '../process/index.ts';

const hasty = createEngines({ clientFolders: [], lockTimeoutSeconds: 0.5 }).get('postgresql');
const patient = createEngines({ clientFolders: [] }).get('postgresql');

/** Holds locks in a transaction while `work` runs. */
async function whileHeld<T>(connection: Connection, statement: string, work: () => Promise<T>): Promise<T> {
  const client = await openClient(connection);
  try {
    await client.query('begin');
    await client.query(statement);
    return await work();
  } finally {
    await client.end();
  }
}

/** How long the kernel still waits before it asks the other side of each such connection for a sign of life, in seconds. */
function keepalives(serverPort: number): number[] {
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  return lines.flatMap((line) => {
    const [, , remote = '', state, , timer = ''] = line.trim().split(/\s+/);
    const [kind, ticks = ''] = timer.split(':');
    const port = Number.parseInt(remote.split(':')[1] ?? '', 16);
    const isOpen = state === '01' && kind === '02';
    return port === serverPort && isOpen ? [Number.parseInt(ticks, 16) / 100] : [];
  });
}

describe('PostgreSQL where something has to be waited for', function () {
  afterEach(() => until('no program runs', 10, () => runningPrograms().length === 0));

  it('ends a dump that waits for a lock, and names the table', async () => {
    const connection = await newDatabase('empty');
    await (await sharedPostgres()).query(connection.database, 'create table orders (n int)');
    const error = await whileHeld(connection, 'lock table orders in access exclusive mode', async () => {
      const { stream } = await hasty.dump(connection, calm());
      return failureOf(buffer(stream), 'lock_timeout');
    });
    expect(error.message).to.contain('orders').and.contain(connection.database);
    expect(await dumpOf(hasty, connection)).to.not.have.length(0);
  });

  it('ends a restore whose target is locked, and leaves the old content and nothing beside it', async () => {
    const connection = await newDatabase('sample');
    const { database } = connection;
    const content = await contentOf(connection);
    const archive = Readable.from([await dumpOf(hasty, connection)]);
    const restoreId = randomUUID();
    const request = { target: { mode: 'in_place' }, ownership: 'keep', restoreId } as const;
    const elsewhere = { ...connection, database: 'postgres' };
    const error = await whileHeld(elsewhere, `comment on database ${database} is 'held'`, () =>
      failureOf(hasty.restore(connection, request, archive, calm()), 'lock_timeout'),
    );
    expect(error.message).to.contain(database);
    expect(await contentOf(connection)).to.deep.equal(content);
    const beside = `select from pg_database where datname like '%${restoreId.slice(-12)}'`;
    expect(await (await sharedPostgres()).query('postgres', beside)).to.deep.equal([]);
  });

  it('ends a restore that is cancelled while it waits for its target, which keeps its content for good', async () => {
    const connection = await newDatabase('sample');
    const { database } = connection;
    const content = await contentOf(connection);
    const archive = Readable.from([await dumpOf(patient, connection)]);
    const request = { target: { mode: 'in_place' }, ownership: 'keep', restoreId: randomUUID() } as const;
    const server = await sharedPostgres();
    const cancel = new AbortController();
    const elsewhere = { ...connection, database: 'postgres' };
    await whileHeld(elsewhere, `comment on database ${database} is 'held'`, async () => {
      const work = failureOf(patient.restore(connection, request, archive, cancel), 'cancelled');
      const waits = `select from pg_stat_activity where query like 'ALTER DATABASE "${database}" RENAME%' and wait_event_type = 'Lock'`;
      await until('the swap waits', 10, async () => (await server.query('postgres', waits)).length > 0);
      cancel.abort(new HoldfastError('cancelled'));
      await work;
    });
    await patient.cleanUpRestore(connection, request.restoreId, calm());
    expect(await contentOf(connection)).to.deep.equal(content);
    const beside = `select from pg_database where datname like '%${request.restoreId.slice(-12)}'`;
    expect(await server.query('postgres', beside)).to.deep.equal([]);
  });

  it('has the kernel ask for a sign of life on the connection of a program, so that a lost server is noticed', async function () {
    if (process.platform !== 'linux') this.skip();
    const connection = await newDatabase('empty');
    await (await sharedPostgres()).query(connection.database, 'create table orders (n int)');
    await whileHeld(connection, 'lock table orders in access exclusive mode', async () => {
      const stop = new AbortController();
      const { stream } = await patient.dump(connection, stop);
      await until('a connection that is asked within a minute', 10, () =>
        keepalives(connection.port).some((seconds) => seconds > 30 && seconds <= 60),
      );
      stop.abort(new HoldfastError('cancelled'));
      await failureOf(buffer(stream), 'cancelled');
    });
  });
});

describe('a restore into a new database', () => {
  let connection: Connection;
  let archive: Buffer;
  before(async () => {
    connection = await newDatabase('sample');
    archive = await dumpOf(patient, connection);
  });

  let names = 0;
  const request = () => {
    names += 1;
    const target = { mode: 'new_database', database: `made_${process.pid}_${names}` } as const;
    return { target, ownership: 'skip', restoreId: randomUUID() } as const;
  };

  it('knows its own finished work again, and nobody else’s', async () => {
    const mine = request();
    expect(await patient.findRestored(connection, mine, calm())).to.equal(null);
    await patient.restore(connection, mine, Readable.from([archive]), calm());
    await patient.cleanUpRestore(connection, mine.restoreId, calm());
    expect((await patient.findRestored(connection, mine, calm()))?.outcome).to.contain(mine.target.database);
    const another = { ...mine, restoreId: randomUUID() };
    expect(await patient.findRestored(connection, another, calm())).to.equal(null);
    await failureOf(patient.restore(connection, another, Readable.from([archive]), calm()), 'restore_target_exists');
    const inPlace = { ...mine, target: { mode: 'in_place' } } as const;
    expect(await patient.findRestored(connection, inPlace, calm())).to.equal(null);
  });

  it('never takes the place of a database that came into being meanwhile', async () => {
    const server = await sharedPostgres();
    const wanted = request();
    const { database } = wanted.target;
    const slow = new Readable({ read: () => undefined });
    slow.push(archive.subarray(0, -1));
    const work = failureOf(patient.restore(connection, wanted, slow, calm()), 'restore_target_exists');
    await until('the restore is at work', 10, () => runningPrograms().length > 0);
    await server.createDatabase(database);
    await server.query(database, 'create table precious (n int)');
    slow.push(archive.subarray(-1));
    slow.push(null);
    await work;
    expect(await server.query(database, 'select from precious')).to.deep.equal([]);
    const beside = `select from pg_database where datname like '%${wanted.restoreId.slice(-12)}'`;
    expect(await server.query('postgres', beside)).to.deep.equal([]);
  });
});
