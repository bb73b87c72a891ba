import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('the usage of a destination', () => {
  let api: TestApi;
  let ada: Tenant;
  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const usage = async () => {
    const path = `/api/backup-destinations/${ada.destination.id}/usage`;
    const { status, text, json } = await api.request('GET', path, { token: ada.token });
    expect(status, text).to.equal(200);
    return json['data'] as Record<string, unknown> & { databases: Record<string, unknown>[] };
  };
  const held = (backups: number, bytes: number) => ({ backups, bytes });
  const nothing = held(0, 0);

  it('is nothing at first', async () => {
    expect(await usage()).to.deep.equal({
      good: nothing,
      damaged: nothing,
      leaving: nothing,
      waiting: 0,
      failed: 0,
      unencrypted: 0,
      recipients: [],
      databases: [],
    });
  });

  it('counts each backup once: good, damaged, leaving, waiting or failed, by database', async () => {
    const { persistence } = api.deps;
    const { backups } = persistence;
    const good = await api.doneBackup(ada.database, Buffer.alloc(1000));
    const damaged = await api.doneBackup(ada.database, Buffer.alloc(200));
    await backups.markDamaged(damaged.backup.id, { state: 'missing', detail: 'x' });
    const leaving = await api.doneBackup(ada.database, Buffer.alloc(30));
    await api.request('DELETE', `/api/databases/${ada.database.id}/backups/${leaving.backup.id}`, { token: ada.token });
    const wanted = { databaseId: ada.database.id, destinationId: null, method: 'manual', requestId: null } as const;
    const failed = await backups.create({ ...wanted, maxFailures: 1 });
    const claimed = await backups.claim(failed?.id ?? '', { worker: 'test', seconds: 60 });
    const error = { code: 'dump_failed', message: 'x' } as const;
    await backups.fail(failed?.id ?? '', claimed?.attempt ?? 0, { error, retryable: false, retryInSeconds: 0 });
    await backups.create({ ...wanted, maxFailures: 1 });
    const seen = await usage();
    const counts = { good: held(1, 1000), damaged: held(1, 200), leaving: held(1, 30), waiting: 1, failed: 1 };
    expect(seen).to.deep.include({ ...counts, unencrypted: 2, recipients: [] });
    const { id, name, type } = ada.database;
    const newest = (await backups.find(good.backup.id))?.startedAt?.toISOString();
    expect(seen.databases).to.deep.equal([{ id, name, type, ...counts, newest_at: newest }]);
  });
});
