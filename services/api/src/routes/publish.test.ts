import { expect } from 'chai';
import { openApi, type TestApi } from '../harness.test.ts';

describe('a backup that becomes done', () => {
  let api: TestApi;
  before(async () => {
    api = await openApi();
  });
  after(() => api.stop());

  it('is never seen done without its files, nor can they be had before, however often it is looked at', async () => {
    const { database, token } = await api.tenant('reader');
    const { persistence } = api.deps;
    const settling = new AbortController();
    const seen = { before: 0, done: 0 };
    const reader = async (): Promise<void> => {
      while (!settling.signal.aborted) {
        const { json } = await api.request('GET', `/api/databases/${database.id}/backups`, { token });
        const [newest] = json['database_backups'] as {
          id: string;
          status: string;
          size: number;
          checksum: string | null;
        }[];
        if (!newest) continue;
        const isDone = newest.status === 'done';
        expect([newest.size === 1000, newest.checksum !== null], newest.status).to.deep.equal([isDone, isDone]);
        seen[isDone ? 'done' : 'before'] += 1;
        const v1 = (await api.request('GET', `/v1/backups/${newest.id}`, { token })).json['data'] as {
          status: string;
          files: unknown[];
        };
        expect(v1.files.length, v1.status).to.equal(v1.status === 'completed' ? 1 : 0);
        if (isDone) continue;
        const archive = await api.request('GET', `/api/databases/${database.id}/backups/${newest.id}/archive`, {
          token,
        });
        expect(archive.status).to.be.oneOf([409, 404]);
      }
    };
    const readers = [reader(), reader()];
    for (let made = 0; made < 25; made += 1) {
      const wanted = { databaseId: database.id, destinationId: null, method: 'manual', requestId: null } as const;
      const backup = await persistence.backups.create({ ...wanted, maxFailures: 1 });
      if (!backup) throw new Error('The test backup was not created.');
      await persistence.backups.claim(backup.id, { worker: 'w', seconds: 60 });
      const { id } = backup;
      const file = { backupId: id, role: 'dump', size: 1000, plainSize: 1, plainSha256: 'ab'.repeat(32) } as const;
      const unencrypted = { unencryptedSize: null, unencryptedSha256: null };
      const checksum = `sha256:${'cd'.repeat(32)}`;
      const files = [{ ...file, ...unencrypted, id, name: 'dump', key: `${id}/dump`, checksum }];
      const first = await api.request('POST', `/api/databases/${database.id}/backups/${id}/restore`, { token });
      expect(first.status, 'of one that runs').to.equal(409);
      expect(await persistence.backups.settle(id, 1, { files, manifestKey: `${id}/manifest.json` })).to.equal(true);
    }
    settling.abort();
    await Promise.all(readers);
    expect(seen.before).to.be.greaterThan(0);
    expect(seen.done).to.be.greaterThan(0);
  });
});
