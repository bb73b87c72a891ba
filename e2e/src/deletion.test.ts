import { needsRedis, startRedis, type TestRedis } from '@holdfast/testing/redis';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { flushAll } from './support/redis.ts';
import { s3Destination } from './support/s3.ts';
import { sourceDatabase } from './support/source.ts';
import { localDestination, register, storedAttempts, useHoldfast, wholeBackup } from './support/system.ts';

const removed = { message: 'Backup destination successfully deleted' };

describe('a destination that is removed with its backups', function suite() {
  this.timeout(90_000);
  let s3: TestS3;
  let redis: TestRedis;
  before(async function start() {
    needsRedis(this);
    redis = await startRedis();
    s3 = await startS3();
  });
  afterEach(() => s3.faults.clear());
  after(() => s3?.stop());
  const holdfast = useHoldfast(() => ({
    redisUrl: redis.url,
    workers: 2,
    schedulers: 2,
    env: { HOLDFAST_DELETE_AGAIN_SECONDS: '1' },
  }));

  /** A destination in S3 with this many backups, that no database uses any more. */
  async function filled(count: number): Promise<{ id: number; backups: string[]; databaseId: string }> {
    const { client } = holdfast();
    const id = await s3Destination(holdfast(), s3);
    const databaseId = await register(holdfast(), await sourceDatabase(), id);
    const backups: string[] = [];
    for (let made = 0; made < count; made += 1) {
      const backup = await client.backup(databaseId);
      await client.waitFor(backup.id, ['done'], 30);
      backups.push(backup.id);
    }
    const other = await localDestination(holdfast(), `kept-${id}`);
    await client.expect(200, 'PATCH', `/api/databases/${databaseId}`, { database: { destination_id: other } });
    return { id, backups, databaseId };
  }
  const stored = (backups: string[]) =>
    backups.map((id) =>
      Object.keys(
        storedAttempts(
          s3.objects().map(({ key }) => key),
          id,
        ),
      ),
    );
  const rows = async (id: number) => ({
    destinations: await holdfast().database.query(`select id from holdfast.destinations where id = ${id}`),
    backups: await holdfast().database.query(
      `select deletion_error ->> 'code' as error, deleted_at is not null as deleted
       from holdfast.backups where destination_id = ${id} order by created_at`,
    ),
  });
  const untilForgotten = (id: number) =>
    until(
      'the removal to end',
      60,
      async () => {
        const { destinations, backups } = await rows(id);
        return destinations.length + backups.length === 0;
      },
      () => JSON.stringify(s3.objects()),
    );
  const force = (id: number) =>
    holdfast().client.expect<unknown>(200, 'DELETE', `/api/backup-destinations/${id}?force=true`);

  it('disappears at once, then its objects go, then its records, and nothing else', async () => {
    const { client } = holdfast();
    const kept = await filled(1);
    const { id, backups, databaseId } = await filled(2);
    const refusal = await client.request('DELETE', `/api/backup-destinations/${id}`);
    expect([refusal.status, refusal.body]).to.deep.equal([
      409,
      {
        error: 'Conflict',
        message: 'This backup destination still holds 2 backups. Add ?force=true to remove them too.',
      },
    ]);
    expect(stored(backups)).to.deep.equal([['a1'], ['a1']]);
    expect(await force(id)).to.deep.equal(removed);
    expect((await client.request('GET', `/api/backup-destinations/${id}`)).status).to.equal(404);
    for (const backup of backups) expect((await client.request('GET', `/api/backups/${backup}`)).status).to.equal(404);
    await untilForgotten(id);
    expect(stored(backups)).to.deep.equal([[], []]);
    expect(stored(kept.backups)).to.deep.equal([['a1']]);
    expect(await client.findBackup(kept.backups[0] ?? '')).to.include({ status: 'done' });
    await client.expect(204, 'DELETE', `/api/databases/${databaseId}`);
  });

  it('keeps its records while the store refuses, says why, and goes when the store recovers', async () => {
    const { id, backups } = await filled(2);
    s3.faults.add({ kind: 'deleteObject', effect: { type: 'answer', status: 403, code: 'AccessDenied' } });
    expect(await force(id)).to.deep.equal(removed);
    const failed = { error: 'store_denied', deleted: false };
    await until('every removal to fail', 30, async () => {
      const { backups: left } = await rows(id);
      return left.length === 2 && left.every(({ error }) => error === failed.error);
    });
    const tried = s3.requests.deleteObject ?? 0;
    await until('another trial', 30, () => (s3.requests.deleteObject ?? 0) > tried);
    expect((await rows(id)).backups).to.deep.equal([failed, failed]);
    expect((await rows(id)).destinations).to.have.length(1);
    expect(stored(backups)).to.deep.equal([['a1'], ['a1']]);
    expect(holdfast().output()).to.match(/"alert":"deletion_failed","code":"store_denied"/);
    s3.faults.clear();
    await untilForgotten(id);
    expect(stored(backups)).to.deep.equal([[], []]);
  });

  it('goes also when the workers are killed in the middle of removing its objects and the queue is emptied', async () => {
    const { workers } = holdfast();
    const { id, backups } = await filled(2);
    const before = s3.requests.deleteObject ?? 0;
    s3.faults.add({ kind: 'deleteObject', from: 2, times: 2, effect: { type: 'slow', ms: 60_000 } });
    expect(await force(id)).to.deep.equal(removed);
    await until('a removal to be under way', 30, () => (s3.requests.deleteObject ?? 0) >= before + 2);
    for (const worker of workers.splice(0)) await worker.kill();
    await flushAll(redis);
    s3.faults.clear();
    workers.push(await holdfast().startWorker({ HOLDFAST_DELETE_AGAIN_SECONDS: '1' }));
    await untilForgotten(id);
    expect(stored(backups)).to.deep.equal([[], []]);
  });

  it('stays as it is while one of its backups is being made', async () => {
    const { client } = holdfast();
    const { id, backups, databaseId } = await filled(1);
    await client.expect(200, 'PATCH', `/api/databases/${databaseId}`, { database: { destination_id: id } });
    s3.faults.add({ kind: 'putObject', from: 1, times: 1, effect: { type: 'slow', ms: 4000 } });
    const running = await client.backup(databaseId);
    await client.waitFor(running.id, ['pending'], 20);
    const other = await localDestination(holdfast(), `other-${id}`);
    await client.expect(200, 'PATCH', `/api/databases/${databaseId}`, { database: { destination_id: other } });
    const refusal = await client.request<{ message: string }>('DELETE', `/api/backup-destinations/${id}?force=true`);
    expect(refusal.status).to.equal(409);
    expect(refusal.body.message).to.match(/^This backup destination holds 1 backup that cannot be removed now/);
    expect(stored(backups)).to.deep.equal([['a1']]);
    await client.waitFor(running.id, ['done'], 30);
    expect(await force(id)).to.deep.equal(removed);
    await untilForgotten(id);
    expect(stored([...backups, running.id])).to.deep.equal([[], []]);
  });
});

describe('a deleted backup', function suite() {
  this.timeout(90_000);
  let s3: TestS3;
  let redis: TestRedis;
  before(async function start() {
    needsRedis(this);
    redis = await startRedis();
    s3 = await startS3();
  });
  afterEach(() => s3.faults.clear());
  after(() => s3?.stop());
  const env = { HOLDFAST_DELETE_AGAIN_SECONDS: '1' };
  const holdfast = useHoldfast(() => ({ redisUrl: redis.url, env }));

  const keysOf = (id: string) =>
    s3
      .objects()
      .map(({ key }) => key)
      .filter((key) => key.includes(id));
  const stateOf = async (databaseId: string, id: string) => {
    const path = `/api/databases/${databaseId}/deleted_backups`;
    const { deleted_backups: deletions } = await holdfast().client.expect<{
      deleted_backups: { id: string; state: string }[];
    }>(200, 'GET', path);
    return deletions.find((deletion) => deletion.id === id)?.state ?? null;
  };
  const source = async () => register(holdfast(), await sourceDatabase(), await s3Destination(holdfast(), s3));
  const done = async (databaseId: string): Promise<string> => {
    const { id } = await holdfast().client.backup(databaseId);
    await holdfast().client.waitFor(id, ['done'], 30);
    return id;
  };
  const remove = (databaseId: string, id: string, graceSeconds: number) =>
    holdfast().client.expect(
      204,
      'DELETE',
      `/api/databases/${databaseId}/backups/${id}?force=true&grace_seconds=${graceSeconds}`,
    );

  it('is gone from the store and from the catalogue at whichever step of its removal the worker is killed', async () => {
    const databaseId = await source();
    const steps = {
      'before the first object': { kind: 'deleteObject', from: 1 },
      'between two objects': { kind: 'deleteObject', from: 2 },
      'after the last object, before the record': { kind: 'listUploads', from: 2 },
    } as const;
    for (const [step, { kind, from }] of Object.entries(steps)) {
      const id = await done(databaseId);
      expect(keysOf(id)).to.have.length(wholeBackup.length);
      const before = s3.requests[kind] ?? 0;
      s3.faults.add({ kind, from, effect: { type: 'stall' } });
      await remove(databaseId, id, 0);
      await until(`a removal to stand still ${step}`, 20, () => (s3.requests[kind] ?? 0) >= before + from);
      for (const worker of holdfast().workers.splice(0)) await worker.kill();
      expect(await stateOf(databaseId, id), step).to.equal('removing');
      const undone = await holdfast().client.request('POST', `/api/databases/${databaseId}/backups/${id}/undelete`);
      expect(undone.status, step).to.equal(409);
      s3.faults.clear();
      // Or the queue would wait half a minute for the dead worker.
      await flushAll(redis);
      holdfast().workers.push(await holdfast().startWorker(env));
      await until(`the removal to end ${step}`, 60, async () => (await stateOf(databaseId, id)) === 'deleted');
      expect(keysOf(id), step).to.deep.equal([]);
    }
  });

  it('comes back whole when it is undeleted within its grace, and is then not removed', async () => {
    const { client } = holdfast();
    const databaseId = await source();
    const [kept, gone] = [await done(databaseId), await done(databaseId)];
    await remove(databaseId, kept, 1);
    expect((await client.request('GET', `/api/backups/${kept}`)).status).to.equal(404);
    await client.expect(200, 'POST', `/api/databases/${databaseId}/backups/${kept}/undelete`);
    await remove(databaseId, gone, 2);
    await until('the other one to be gone', 30, async () => (await stateOf(databaseId, gone)) === 'deleted');
    expect(keysOf(gone)).to.deep.equal([]);
    expect(keysOf(kept)).to.have.length(wholeBackup.length);
    expect(await client.findBackup(kept)).to.include({ status: 'done' });
    await client.expect(200, 'GET', `/api/databases/${databaseId}/backups/${kept}/archive`);
  });
});
