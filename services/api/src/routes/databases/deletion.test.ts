import { expect } from 'chai';
import { openApi, type Asked, type Tenant, type TestApi } from '../../harness.test.ts';

interface DeletionRow {
  id: string;
  state: string;
  reason: string | null;
  due_at: string;
  requested_at: string;
  error: unknown;
}

describe('database dialect: deletion', () => {
  let api: TestApi;
  let tenant: Tenant;
  let count = 0;
  before(async () => {
    api = await openApi();
  });
  after(() => api.stop());
  beforeEach(async () => {
    count += 1;
    tenant = await api.tenant(`owner-${count}`);
  });

  const at = (id: string, rest = ''): string => `/api/databases/${tenant.database.name}/backups/${id}${rest}`;
  const ask = async (method: string, path: string, asked: Asked = {}) => {
    const { status, json } = await api.request(method, path, { token: tenant.token, ...asked });
    return [status, json] as const;
  };
  const deleted = async (query = ''): Promise<DeletionRow[]> => {
    const [status, json] = await ask('GET', `/api/databases/${tenant.database.id}/deleted_backups${query}`);
    expect(status).to.equal(200);
    return json['deleted_backups'] as DeletionRow[];
  };
  const pair = async () => [await api.doneBackup(tenant.database), await api.doneBackup(tenant.database)] as const;

  it('hides a backup and its links at once, shows until when it can be undeleted, and gives it back whole', async () => {
    const [{ backup }] = await pair();
    const { id } = backup;
    const [, { download_url: link }] = await ask('GET', at(id, '/archive'));
    const download = String(link).slice(api.url.length);
    const [, shown] = await ask('GET', at(id));
    expect((await ask('DELETE', at(id)))[0]).to.equal(204);
    for (const path of [at(id), at(id, '/archive'), `/api/backups/${id}`, `/v1/backups/${id}`, download]) {
      expect((await ask('GET', path))[0], path).to.equal(404);
    }
    expect((await ask('POST', at(id, '/restore')))[0]).to.equal(404);
    const [row] = await deleted();
    expect(row).to.deep.include({ id, state: 'marked', reason: null, error: null });
    const grace = new Date(row?.due_at ?? '').getTime() - new Date(row?.requested_at ?? '').getTime();
    expect(grace / 1000).to.be.closeTo(86_400, 5);
    expect(await ask('POST', at(id, '/undelete'))).to.deep.equal([200, shown]);
    expect(await ask('POST', at(id, '/undelete')), 'again').to.deep.equal([200, shown]);
    expect(await deleted()).to.deep.equal([]);
    expect((await ask('GET', download))[0]).to.equal(200);
  });

  it('is not undone once the removal has begun, and shows why that fails', async () => {
    const [{ backup }] = await pair();
    const { backups } = api.deps.persistence;
    expect((await ask('DELETE', at(backup.id, '?grace_seconds=0')))[0]).to.equal(204);
    expect(await backups.beginRemoval(backup.id)).to.equal('begun');
    expect(await ask('POST', at(backup.id, '/undelete'))).to.deep.equal([
      409,
      { error: 'The removal of the objects of this backup has begun: it cannot be undeleted any more.' },
    ]);
    const error = { code: 'store_denied', message: 'The store said no.' } as const;
    await backups.deletionFailed(backup.id, error);
    expect((await deleted())[0]).to.deep.include({ state: 'failed', error });
    await backups.markDeleted(backup.id);
    expect((await ask('POST', at(backup.id, '/undelete')))[0]).to.equal(409);
    expect((await deleted())[0]).to.deep.include({ state: 'deleted', error: null });
  });

  it('takes the only good backup of a database by force alone; the v1 dialect takes it as it always did', async () => {
    const [{ backup: damaged }, { backup: only }] = await pair();
    await api.deps.persistence.backups.markDamaged(damaged.id, { state: 'missing', detail: 'The dump is missing.' });
    const [status, json] = await ask('DELETE', at(only.id));
    expect([status, json['error']]).to.deep.equal([
      409,
      'This is the only good backup that its database has: make another one before you delete it, or add ?force=true.',
    ]);
    expect((await ask('DELETE', at(damaged.id)))[0]).to.equal(204);
    expect((await ask('DELETE', at(only.id, '?force=true')))[0]).to.equal(204);
    await ask('POST', at(only.id, '/undelete'));
    expect((await ask('DELETE', `/v1/backups/${only.id}`))[0]).to.equal(204);
    expect((await deleted('?limit=1')).map(({ id }) => id)).to.deep.equal([only.id]);
  });

  it('does not lock what is deleted: that has to be undone first; and shows what is locked', async () => {
    const [{ backup }] = await pair();
    await ask('DELETE', at(backup.id));
    const lock = () => ask('PATCH', `/v1/backups/${backup.id}`, { body: { locked: true } });
    expect(await lock()).to.deep.equal([409, { message: 'This backup is deleted: undelete it before you lock it.' }]);
    const stranger = await api.tenant(`stranger-${count}`);
    const foreign = await ask('PATCH', `/v1/backups/${backup.id}`, { body: { locked: true }, token: stranger.token });
    expect(foreign[0]).to.equal(404);
    await ask('POST', at(backup.id, '/undelete'));
    expect((await lock())[0]).to.equal(200);
    expect((await ask('GET', at(backup.id)))[1]).to.have.nested.property('database_backup.locked', true);
    expect((await ask('DELETE', at(backup.id)))[0]).to.equal(409);
  });

  it('reads no number where there is none', async () => {
    const [{ backup }] = await pair();
    for (const query of ['?grace_seconds=', '?grace_seconds=-1', '?grace_seconds=1e9', '?force=', '?force=yes']) {
      expect((await ask('DELETE', at(backup.id, query)))[0], query).to.equal(422);
    }
    for (const query of ['?limit=', '?limit=0', '?limit=1001']) {
      expect((await ask('GET', `/api/databases/${tenant.database.id}/deleted_backups${query}`))[0], query).to.equal(
        422,
      );
    }
  });
});
