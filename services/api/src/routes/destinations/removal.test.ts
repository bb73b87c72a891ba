import { expect } from 'chai';
import { Secret, type Backup, type Restore } from '@holdfast/shared/domain';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const path = '/api/backup-destinations';
const removed = [200, { message: 'Backup destination successfully deleted' }];

describe('removal of a destination', () => {
  let api: TestApi;
  let tenant: Tenant;
  let names = 0;
  before(async () => {
    api = await openApi();
  });
  beforeEach(async () => {
    names += 1;
    tenant = await api.tenant(`tenant-${names}`);
  });
  after(() => api.stop());

  const at = () => `${path}/${tenant.destination.id}`;
  const ask = async (method: string, to: string) => {
    const { status, json } = await api.request(method, to, { token: tenant.token });
    return [status, json] as const;
  };
  const conflict = (message: string) => [409, { error: 'Conflict', message }];
  /** Moves the account's database to another destination, so that only backups are left in the first. */
  async function moveDatabase(): Promise<void> {
    const { destinations, databases } = api.deps.persistence;
    const other = await destinations.create(tenant.account.id, { label: 'o', type: 'local', settings: { path: 'o' } });
    await databases.update(tenant.account.id, tenant.database.id, { destinationId: other.id });
  }
  const restoreOf = async (backup: Backup): Promise<Restore> => {
    const restore = await api.deps.persistence.restores.create({
      backupId: backup.id,
      databaseId: tenant.database.id,
      target: { mode: 'in_place' },
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 1,
    });
    if (restore === 'busy' || !restore) throw new Error('The test restore was not created.');
    return restore;
  };

  it('is not the only way to lose backups: one that holds some is moved only by force', async () => {
    await api.doneBackup(tenant.database);
    const move = (query: string, body: object) =>
      api.request('PUT', `${at()}${query}`, { token: tenant.token, body }).then(({ status, json }) => [status, json]);
    expect(await move('', { path: 'elsewhere' })).to.deep.equal(
      conflict(
        'This backup destination holds 1 backup, which would be looked for in the new place: create another destination, or move the objects and add ?force=true.',
      ),
    );
    expect((await move('', { label: 'Another name', path: `${tenant.account.name}/` }))[0]).to.equal(200);
    expect((await move('?force=true', { path: 'elsewhere' }))[0]).to.equal(200);
  });

  it('is refused in the other sense too: it stays an S3 one while remote servers upload to it', async () => {
    const { servers, databases, destinations } = api.deps.persistence;
    const { id: accountId } = tenant.account;
    const made = await servers.create(accountId, 'node');
    const serverId = made === 'name_taken' ? null : made.server.id;
    const bucket = await destinations.create(accountId, {
      label: 'S3',
      type: 's3',
      settings: {
        bucket: 'backups',
        region: 'us-east-1',
        endpoint: null,
        pathStyle: false,
        prefix: '',
        maxParts: 10_000,
      },
      accessKey: new Secret('key'),
      secretKey: new Secret('secret'),
    });
    const nowhere = { host: null, port: null, user: null, password: null, options: {} };
    const remote = {
      name: 'site',
      type: 'files',
      database: 'site',
      serverId,
      destinationId: bucket.id,
      ...nowhere,
    } as const;
    await databases.create(accountId, remote);
    const body = { type: 'local', path: 'x' };
    const { status, json } = await api.request('PUT', `${path}/${bucket.id}`, { token: tenant.token, body });
    expect([status, Object.keys(json['errors'] ?? {})]).to.deep.equal([422, ['type']]);
  });

  it("that nothing uses answers 200 in the original's words, and 404 afterwards", async () => {
    for (const query of ['', '?force=true', '?force=1', '?force=false', '?force=0']) {
      const local = { label: 'x', type: 'local', settings: { path: 'x' } } as const;
      const { id } = await api.deps.persistence.destinations.create(tenant.account.id, local);
      expect(await ask('DELETE', `${path}/${id}${query}`), query).to.deep.equal(removed);
      expect((await ask('GET', `${path}/${id}`))[0]).to.equal(404);
      expect((await ask('DELETE', `${path}/${id}`))[0]).to.equal(404);
    }
  });

  it('is refused with the counts while databases and schedules use it, also by force', async () => {
    await api.doneBackup(tenant.database);
    for (const query of ['', '?force=true']) {
      expect(await ask('DELETE', `${at()}${query}`)).to.deep.equal(
        conflict('This backup destination still holds 1 backup and is used by 1 database and 0 schedules.'),
      );
    }
    expect((await ask('GET', at()))[0]).to.equal(200);
  });

  it('is refused with the count while it holds backups, and says how to remove these too', async () => {
    await api.doneBackup(tenant.database);
    await api.doneBackup(tenant.database);
    await moveDatabase();
    expect(await ask('DELETE', at())).to.deep.equal(
      conflict('This backup destination still holds 2 backups. Add ?force=true to remove them too.'),
    );
    expect((await ask('GET', at()))[0]).to.equal(200);
  });

  it('by force hides it and its backups at once, and keeps their records for the removal', async () => {
    const { backup } = await api.doneBackup(tenant.database);
    await moveDatabase();
    expect(await ask('DELETE', `${at()}?force=1`)).to.deep.equal(removed);
    for (const [method, to] of [
      ['GET', at()],
      ['PUT', at()],
      ['DELETE', at()],
      ['DELETE', `${at()}?force=true`],
      ['POST', `${at()}/test`],
      ['GET', `/api/backups/${backup.id}`],
      ['GET', `/api/databases/${tenant.database.id}/backups/${backup.id}`],
      ['GET', `/api/databases/${tenant.database.id}/backups/${backup.id}/archive`],
      ['POST', `/api/databases/${tenant.database.id}/backups/${backup.id}/restore`],
    ] as const) {
      expect((await ask(method, to))[0], `${method} ${to}`).to.equal(404);
    }
    const [, list] = await ask('GET', `${path}?per_page=100`);
    expect((list['data'] as { id: number }[]).map(({ id }) => id)).to.not.include(tenant.destination.id);
    const move = { database: { destination_id: tenant.destination.id } };
    const used = await api.request('PATCH', `/api/databases/${tenant.database.id}`, {
      token: tenant.token,
      body: move,
    });
    expect(used.status).to.equal(422);
    expect((await api.deps.persistence.backups.findDeletable(backup.id))?.attempts).to.have.length(1);
    expect(await api.deps.persistence.destinations.find(tenant.destination.id)).to.have.property('deletionRequestedAt');
  });

  it('by force is refused while a backup waits, runs, is locked or is being restored', async () => {
    const { backups, restores } = api.deps.persistence;
    const { backup } = await api.doneBackup(tenant.database);
    const waiting = await backups.create({
      databaseId: tenant.database.id,
      destinationId: null,
      method: 'manual',
      requestId: null,
      maxFailures: 1,
    });
    await moveDatabase();
    const refusal = conflict(
      'This backup destination holds 1 backup that cannot be removed now, because each waits, runs, is locked, or is being restored.',
    );
    const force = () => ask('DELETE', `${at()}?force=true`);
    expect(await force(), 'waits').to.deep.equal(refusal);
    await backups.claim(waiting?.id ?? '', { worker: 'w', seconds: 60 });
    expect(await force(), 'runs').to.deep.equal(refusal);
    const error = { code: 'dump_failed', message: 'x' } as const;
    await backups.fail(waiting?.id ?? '', 1, { error, retryable: false, retryInSeconds: 0 });
    await backups.setLocked(tenant.account.id, backup.id, true);
    expect(await force(), 'is locked').to.deep.equal(refusal);
    await backups.setLocked(tenant.account.id, backup.id, false);
    const restore = await restoreOf(backup);
    expect(await force(), 'is being restored').to.deep.equal(refusal);
    expect((await ask('GET', `/api/backups/${backup.id}`))[0]).to.equal(200);
    await restores.requestCancel(restore.id);
    expect(await force()).to.deep.equal(removed);
  });

  it('takes no other word for force', async () => {
    for (const force of ['yes', '', '2', 'TRUE', 'true&force=true']) {
      const [status, json] = await ask('DELETE', `${at()}?force=${force}`);
      expect([status, Object.keys(json['errors'] ?? {})], force).to.deep.equal([422, ['force']]);
    }
  });
});
