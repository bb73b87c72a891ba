import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { compareContent, type Connection, type RestoreRequest } from '@holdfast/shared/domain';
import {
  calm,
  describeRedis,
  dumpOf,
  failureOf,
  fillRandomly,
  fillTypes,
  openRedis,
  redisNames,
  startRedisData,
  type RedisData,
} from '@holdfast/testing/engines';
import { needsRedis } from '@holdfast/testing/redis';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { createEngines } from '../index.ts';

const engine = createEngines({ clientFolders: [] }).get('redis');

const inPlace = (change: Partial<RestoreRequest> = {}): RestoreRequest => ({
  target: { mode: 'in_place' },
  ownership: 'keep',
  restoreId: randomUUID(),
  ...change,
});

describe('restoring Redis', function () {
  let data: RedisData;
  const of = (database: number | string, server = data): Connection => ({
    ...server.connection,
    database: String(database),
  });
  const restore = (connection: Connection, archive: Buffer, request = inPlace()): ReturnType<typeof engine.restore> =>
    engine.restore(connection, request, Readable.from([archive]), calm());
  const set = async (database: number, values: Record<string, string>, server = data): Promise<void> => {
    const client = await server.open(database);
    await client.mset(values);
    client.disconnect();
  };
  const ask = async (database: number, ...command: string[]): Promise<unknown> => {
    const client = await data.open(database);
    const answer = await client.call(...(command as [string]));
    client.disconnect();
    return answer;
  };
  const names = async (server = data): Promise<string[]> => {
    const client = await server.open();
    const found = await redisNames(client);
    client.disconnect();
    return [...found.keys()].sort((a, b) => Number(a) - Number(b));
  };
  const content = async (database: number): Promise<string[]> => {
    const client = await data.open(database);
    const lines = await describeRedis(client);
    client.disconnect();
    return lines;
  };

  before(function () {
    needsRedis(this);
  });

  beforeEach(async () => {
    data ??= await startRedisData();
    await ask(0, 'FLUSHALL');
  });

  it('brings back one database and holds nothing of its neighbours', async () => {
    await set(2, { mine: 'one' });
    await set(3, { 'my neighbour': 'secret' });
    const archive = await dumpOf(engine, of(2));
    expect(archive.toString('latin1')).to.contain('mine').and.not.contain('neighbour').and.not.contain('secret');
    await set(2, { mine: 'two' });
    await restore(of(2), archive);
    expect(await ask(2, 'GET', 'mine')).to.equal('one');
    expect(await ask(3, 'GET', 'my neighbour')).to.equal('secret');
    expect(await names()).to.deep.equal(['2', '3']);
  });

  it('brings back all databases at once, and empties those that the backup has nothing of', async () => {
    // The highest ones are those that restores are built in where they can.
    for (const number of [0, 5, 126, 127]) await set(number, { number: String(number) });
    const archive = await dumpOf(engine, of('all'));
    const before = await names();
    for (const number of [0, 126, 127]) await ask(number, 'FLUSHDB');
    await set(5, { number: 'changed' });
    await set(9, { later: 'gone again' });
    const request = inPlace({ keepFormer: true });
    const { former, outcome } = await restore(of('all'), archive, request);
    const kept = (former ?? '').split(', ');
    expect(outcome).to.contain('hold the content of the backup').and.contain(former);
    for (const number of [0, 5, 126, 127]) expect(await ask(number, 'GET', 'number')).to.equal(String(number));
    expect(await ask(9, 'DBSIZE')).to.equal(0);
    expect(await names()).to.have.members([...before, ...kept]);

    // What is kept is no content of the server.
    const again = await dumpOf(engine, of('all'));
    expect(again.toString('latin1')).to.not.contain('changed').and.not.contain('gone again');

    await engine.undoRestore(of('all'), request.restoreId, randomUUID(), calm());
    expect(await ask(5, 'GET', 'number')).to.equal('changed');
    expect(await ask(9, 'GET', 'later')).to.equal('gone again');
    for (const number of [0, 126, 127]) expect(await ask(number, 'EXISTS', 'number')).to.equal(0);
    await engine.dropFormer(of('all'), request.restoreId, calm());
    expect(await names()).to.deep.equal(['5', '9']);
  });

  it('brings one database of a whole server back alone, and refuses one that the backup has nothing of', async () => {
    await set(1, { a: '1' });
    await set(2, { b: '2' });
    const archive = await dumpOf(engine, of('all'));
    await set(1, { a: 'changed' });
    await set(2, { b: 'changed' });
    await restore(of(1), archive);
    expect(await ask(1, 'GET', 'a')).to.equal('1');
    expect(await ask(2, 'GET', 'b')).to.equal('changed');
    await set(7, { c: '3' });
    await failureOf(restore(of(7), archive), 'configuration');
    await failureOf(restore(of('all'), await dumpOf(engine, of(2))), 'configuration');
    expect(await ask(7, 'GET', 'c')).to.equal('3');
    expect(await names()).to.deep.equal(['1', '2', '7']);
  });

  it('makes new databases of a whole server under one name, which are measured and dropped as one', async () => {
    await set(0, { a: '1' });
    await set(4, { b: '2', c: '3' });
    const dump = await engine.dump(of('all'), calm(), { content: 'counts', contentSeconds: 9 });
    const archive = await buffer(dump.stream);
    const expected = await dump.content;
    const request = inPlace({ target: { mode: 'new_database', database: 'copy' }, ...(expected && { expected }) });
    const { outcome } = await restore(of('all'), archive, request);
    expect(outcome).to.match(/"copy" was created .*: 0 as \d+, 4 as \d+\./);
    if (!expected) throw new Error('Nothing was measured.');
    expect(await engine.readContent(of('copy'), expected, calm())).to.deep.equal({
      ...expected,
      items: expected.items.map((item) => (item.kind === 'expiring_keys' ? { ...item, digest: '0' } : item)),
    });
    expect((await engine.findRestored(of('all'), request, calm()))?.outcome).to.contain('earlier attempt');
    await failureOf(engine.dump(of('copy'), calm()), 'configuration');
    await engine.dropRestored(of('all'), request, calm());
    expect(await names()).to.deep.equal(['0', '4']);
  });

  it('leaves out keys whose time is over and keeps the times of the others to the millisecond', async () => {
    await ask(2, 'SET', 'soon', 'x', 'PX', '300');
    await ask(2, 'SET', 'late', 'x', 'PXAT', '4102444800123');
    const archive = await dumpOf(engine, of(2));
    await new Promise((resolve) => setTimeout(resolve, 350));
    const { outcome } = await restore(of(2), archive);
    expect(outcome).to.contain('One key had expired');
    expect(await ask(2, 'PEXPIRETIME', 'late')).to.equal(4_102_444_800_123);
    expect(await ask(2, 'DBSIZE')).to.equal(1);
  });

  it('keeps the old content when the server has no memory for the new one', async () => {
    const small = await startRedisData(undefined, ['maxmemory 8mb']);
    const client = await small.open(2);
    await fillRandomly(client, 3 << 20);
    const archive = await dumpOf(engine, of(2, small));
    const before = await describeRedis(client);
    const preflight = await engine.preflight(
      of(2, small),
      inPlace(),
      {
        serverVersion: '7.0.15',
        tool: { name: 'redis-cli', version: '7.0.15' },
        plainBytes: archive.length,
        content: null,
      },
      calm(),
    );
    expect(preflight.map(({ message }) => message).join()).to.contain('raise maxmemory');
    const error = await failureOf(restore(of(2, small), archive), 'restore_failed');
    expect(error.message).to.contain('raise it').and.contain('It was the key "random:');
    expect(await describeRedis(client)).to.deep.equal(before);
    expect(await names(small)).to.deep.equal(['2']);

    await client.config('SET', 'maxmemory-policy', 'allkeys-random');
    const refused = await failureOf(restore(of(2, small), archive), 'configuration');
    expect(refused.message).to.contain('noeviction');

    await client.config('SET', 'maxmemory', '12mb');
    await client.config('SET', 'maxmemory-policy', 'volatile-random');
    await client.select(4);
    for (let at = 0; at < 600; at++) await client.set(`cache:${at}`, 'x'.repeat(10_000), 'EX', 10_000);
    const evicted = await failureOf(restore(of(2, small), archive), 'restore_failed');
    expect(evicted.message).to.contain('took keys away');
    await client.select(2);
    expect(await describeRedis(client)).to.deep.equal(before);
    client.disconnect();
    expect(await names(small)).to.have.members(['2', '4']);
    await small.server.stop();
  });

  it('refuses a server without a free database, before anything is touched', async () => {
    const single = await startRedisData(undefined, ['databases 1']);
    await set(0, { a: '1' }, single);
    const archive = await dumpOf(engine, of(0, single));
    const error = await failureOf(restore(of(0, single), archive), 'configuration');
    expect(error.message).to.contain('raise "databases"');
    const [blocker] = await engine.preflight(
      of(0, single),
      inPlace(),
      { serverVersion: '7.0.15', tool: { name: 'redis-cli', version: '7.0.15' }, plainBytes: null, content: null },
      calm(),
    );
    expect(blocker).to.include({ severity: 'blocker', code: 'target' });
    expect(await names(single)).to.deep.equal(['0']);
    await single.server.stop();
  });

  it('refuses replicas to restore into and nodes of clusters for anything', async () => {
    await set(2, { a: '1' });
    const archive = await dumpOf(engine, of(2));
    const replica = await startRedisData(undefined, [`replicaof 127.0.0.1 1`]);
    const refused = await failureOf(restore(of(2, replica), archive), 'configuration');
    expect(refused.message).to.contain('restore into its primary');
    expect((await engine.probe(of(2, replica), calm())).warnings?.join()).to.contain('is a replica');
    await replica.server.stop();
    const cluster = await startRedisData(undefined, ['cluster-enabled yes']);
    const attempts = [
      () => engine.probe(of(0, cluster), calm()),
      () => engine.dump(of(0, cluster), calm()),
      () => restore(of(0, cluster), archive),
    ];
    for (const attempt of attempts) expect((await failureOf(attempt(), 'configuration')).message).to.contain('cluster');
    await cluster.server.stop();
  });

  it('puts nothing in place when what it had built was replaced, and leaves that alone', async () => {
    await set(2, { a: 'old' });
    await set(3, { a: 'backed up' });
    const archive = await dumpOf(engine, of(3));
    const request = inPlace();
    const input = Readable.from(
      (async function* () {
        yield archive;
        await until('it is built', 10, async () => (await ask(127, 'GET', 'a')) === 'backed up');
        // As a later attempt of the same restore does, before it builds anew in the same place.
        await engine.cleanUpRestore(of(2), request.restoreId, calm());
        await set(127, { 'of somebody else': 'x', 'as many keys': 'y' });
      })(),
    );
    await failureOf(engine.restore(of(2), request, input, calm()), 'restore_failed');
    expect(await ask(2, 'GET', 'a')).to.equal('old');
    expect(await ask(127, 'GET', 'of somebody else')).to.equal('x');
  });

  it('gives a number back to whoever begins to use it while it is being restored to', async () => {
    await set(3, { a: 'backed up' });
    const archive = await dumpOf(engine, of(3));
    const input = Readable.from(
      (async function* () {
        yield archive;
        await until('it is built', 10, async () => (await ask(127, 'GET', 'a')) === 'backed up');
        await set(5, { 'of somebody': 'x' });
      })(),
    );
    const request = inPlace({ target: { mode: 'new_database', database: '5' } });
    await failureOf(engine.restore(of(3), request, input, calm()), 'restore_target_exists');
    expect(await content(5)).to.have.length(1);
    expect(await names()).to.deep.equal(['3', '5']);
  });

  it('does its work once where it keeps the former content, and finds what nobody heard of', async () => {
    await set(2, { a: '1' });
    const archive = await dumpOf(engine, of(2));
    const request = inPlace({ keepFormer: true });
    expect(await engine.findRestored(of(2), request, calm())).to.equal(null);
    const { former } = await restore(of(2), archive, request);
    expect((await engine.findRestored(of(2), request, calm()))?.former).to.equal(former);
    await failureOf(restore(of(2), archive, request), 'restore_failed');
    expect(await ask(Number(former), 'GET', 'a')).to.equal('1');
  });

  it('makes a database that it has made before anew under its name', async () => {
    await set(2, { a: '1' });
    const archive = await dumpOf(engine, of(2));
    await restore(of(2), archive, inPlace({ target: { mode: 'new_database', database: 'copy' } }));
    await set(2, { a: '2' });
    const request = inPlace({ keepFormer: true });
    await restore(of('copy'), await dumpOf(engine, of(2)), request);
    expect(await names()).to.include('copy');
    const client = await openRedis(of(0), 0);
    const number = (await redisNames(client)).get('copy') ?? -1;
    client.disconnect();
    expect(await ask(number, 'GET', 'a')).to.equal('2');
    await engine.undoRestore(of('copy'), request.restoreId, randomUUID(), calm());
    expect(await ask(number, 'GET', 'a')).to.equal('1');
    expect(await names()).to.include('copy');
  });

  it('takes no key of its own for content, nor one that somebody else called so', async () => {
    await set(2, { a: '1', 'holdfast:restore': 'not ours' });
    const client = await data.open(3);
    await client.rpush('holdfast:restore', 'a list');
    client.disconnect();
    const before = await content(2);
    const archive = await dumpOf(engine, of(2));
    await restore(of(2), archive);
    expect(await content(2)).to.deep.equal(before);
    expect(await ask(2, 'EXISTS', 'holdfast:restore')).to.equal(0);
    expect(await ask(3, 'TYPE', 'holdfast:restore')).to.equal('list');
  });

  it('tells how many keys of what differ, and counts those that expired since as no difference', async () => {
    await set(2, { a: '1', b: '2' });
    await ask(2, 'SET', 'soon', 'x', 'PX', '200');
    const dump = await engine.dump(of(2), calm(), { content: 'counts', contentSeconds: 9 });
    const archive = await buffer(dump.stream);
    const expected = await dump.content;
    if (!expected) throw new Error('Nothing was measured.');
    await until('it expires', 10, async () => (await ask(2, 'DBSIZE')) === 2);
    await restore(of(2), archive, inPlace({ expected }));
    expect(compareContent(expected, await engine.readContent(of(2), expected, calm()))).to.deep.equal([]);
    await ask(2, 'DEL', 'a');
    for (const name of ['c', 'd']) await ask(2, 'SET', name, 'x', 'EX', '1000');
    const found = compareContent(expected, await engine.readContent(of(2), expected, calm()));
    expect(found.map(({ message }) => message)).to.deep.equal([
      'expiring keys are 2 where the source had at most 1.',
      'keys of type string are 1 where the source had 2.',
    ]);
  });

  it('hears of a last step whose answer was lost', async () => {
    await set(2, { a: '1' });
    const archive = await dumpOf(engine, of(2));
    await set(2, { a: '2' });
    let isLost = false;
    const proxy = createServer((near) => {
      const far = connect(data.server.port, '127.0.0.1');
      near.on('error', () => undefined).on('close', () => far.destroy());
      far.on('error', () => undefined).on('close', () => near.destroy());
      let swaps = false;
      let isCut = false;
      near.on('data', (chunk) => {
        swaps ||= /swapdb/i.test(chunk.toString('latin1'));
        isCut ||= swaps && /exec/i.test(chunk.toString('latin1'));
        isLost ||= isCut;
        far.write(chunk);
      });
      far.on('data', (chunk) => (isCut ? near.destroy() : near.write(chunk)));
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const through = { ...of(2), port: (proxy.address() as AddressInfo).port };
    const request = inPlace({ keepFormer: true });
    const { former } = await restore(through, archive, request);
    expect(isLost).to.equal(true);
    expect(await ask(2, 'GET', 'a')).to.equal('1');
    expect(await ask(Number(former), 'GET', 'a')).to.equal('2');
    proxy.close();
  });

  it('makes backups that a server loads when it starts, of one database and of all', async () => {
    await set(2, { a: '1' });
    await set(3, { b: '2' });
    for (const [database, present] of [
      ['2', ['2']],
      ['all', ['2', '3']],
    ] as const) {
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-rdb-'));
      writeFileSync(join(folder, 'dump.rdb'), await dumpOf(engine, of(database)));
      const loaded = await startRedisData(undefined, [`dir ${folder}`]);
      expect(await names(loaded)).to.deep.equal(present);
      await loaded.server.stop();
      rmSync(folder, { recursive: true });
    }
  });

  it('brings every type back under any number of keys with what is sent faster than it is answered', async () => {
    const client = await data.open(2);
    await fillTypes(client);
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`key:${at}`, `value ${at}`]));
    await client.mset(many);
    const before = await describeRedis(client);
    const archive = await dumpOf(engine, of(2));
    await client.flushdb();
    await restore(of(2), archive);
    expect(await describeRedis(client)).to.deep.equal(before);
    client.disconnect();
  });
});
