import { expect } from 'chai';
import { openApi, type TestApi, type Tenant } from '../../harness.test.ts';

const documented =
  `id created_at started_at completed_at name size status database_id method type checksum error progress
  attempt destination_id expires_at verified_at locked encrypted recipients warnings run_id verification imported_at object_locked_until attempts next_attempt_at cancel_requested_at`.split(
    /\s+/,
  );

describe('database dialect: backups', () => {
  let api: TestApi;
  let ada: Tenant;
  let path: string;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    path = `/api/databases/${ada.database.name}/backups`;
  });
  after(() => api.stop());

  it('accepts a backup with 201 and the documented fields, whatever way no body is sent', async () => {
    const ways = [
      {},
      { body: {} },
      { raw: '' },
      { raw: '{}' },
      { raw: '', headers: { 'content-type': 'application/json' } },
      { raw: '', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ];
    for (const way of ways) {
      const { status, json } = await api.request('POST', path, { token: ada.token, ...way });
      expect(status, JSON.stringify([way, json])).to.equal(201);
      const backup = json['database_backup'] as Record<string, unknown>;
      expect(Object.keys(backup)).to.have.members(documented);
      expect(backup).to.include({
        started_at: null,
        completed_at: null,
        size: null,
        status: 'scheduled',
        method: 'manual',
        type: 'postgresql',
        checksum: null,
        error: null,
        attempt: 0,
        database_id: ada.database.id,
        destination_id: ada.destination.id,
      });
      expect(backup['progress']).to.deep.equal({ bytes: 0, fraction: null });
      expect(backup['name']).to.match(/^\d{14}_ada-db$/);
      expect(backup['created_at']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });

  it('keeps the row before it rings the queue with the id of the request, where nothing waits before it', async () => {
    const { backups } = api.deps.persistence;
    for (const { id } of await backups.listOfDatabase(ada.database.id)) await backups.requestCancel(id);
    const headers = { 'x-request-id': 'req-7' };
    const { json } = await api.request('POST', path, { token: ada.token, headers });
    const { id } = json['database_backup'] as { id: string };
    expect(await api.deps.persistence.backups.find(id)).to.include({ requestId: 'req-7', status: 'scheduled' });
    expect(api.rung.at(-1)).to.deep.equal({
      name: 'backup.run@1',
      jobId: `backup-${id}-1`,
      payload: { backupId: id, requestId: 'req-7' },
    });
    const rung = api.rung.length;
    await api.request('POST', path, { token: ada.token });
    expect(api.rung, 'behind the first').to.have.length(rung);
  });

  it('accepts a backup although the queue is away, and only logs it', async () => {
    const broken = await openApi(
      {},
      {
        producer: {
          ring: () => Promise.reject(new Error('queue is away')),
          ping: () => Promise.reject(new Error('away')),
        },
      },
    );
    try {
      const { database, token } = await broken.tenant('eve');
      const { status } = await broken.request('POST', `/api/databases/${database.id}/backups`, { token });
      expect(status).to.equal(201);
      expect(broken.logged()).to.include('the queue could not be rung').and.include('queue is away');
      const ready = await broken.request('GET', '/readyz');
      expect(ready.status).to.equal(503);
      expect(ready.json).to.deep.equal({ ok: false, state: 'running', checks: { database: 'ok', queue: 'failed' } });
      expect((await broken.request('GET', '/healthz')).status).to.equal(200);
    } finally {
      await broken.stop();
    }
  });

  it('shows size 0 and progress while pending, 0 after an error, bytes and checksum when done', async () => {
    const { persistence } = api.deps;
    const show = async (id: string) =>
      (await api.request('GET', `/api/backups/${id}`, { token: other.token })).json['database_backup'] as Record<
        string,
        unknown
      >;
    const wanted = { databaseId: ada.database.id, destinationId: null, method: 'manual', requestId: null } as const;
    const other = await api.tenant('pending');
    const created = await persistence.backups.create({ ...wanted, databaseId: other.database.id, maxFailures: 1 });
    if (!created) throw new Error('not created');
    const lease = { worker: 'w', seconds: 60 };
    await persistence.backups.claim(created.id, lease);
    await persistence.backups.heartbeat(created.id, 1, lease, { progressBytes: 25, estimatedBytes: 100 });
    const showOther = async () =>
      (await api.request('GET', `/api/backups/${created.id}`, { token: other.token })).json['database_backup'];
    expect(await showOther()).to.deep.include({
      status: 'pending',
      size: 0,
      attempt: 1,
      progress: { bytes: 25, fraction: 0.25 },
    });
    const error = { code: 'dump_failed', message: 'pg_dump ended with exit code 1.' } as const;
    await persistence.backups.fail(created.id, 1, { error, retryable: false, retryInSeconds: 0 });
    expect(await showOther()).to.deep.include({ status: 'error', size: 0, checksum: null, error });
    const { backup, file } = await api.doneBackup(other.database);
    const done = await show(backup.id);
    expect(done).to.deep.include({ status: 'done', size: file.size, checksum: file.checksum, error: null });
    expect(done['progress']).to.include({ fraction: 1 });
    expect(done['completed_at']).to.match(/\.\d{3}Z$/);
  });

  it('lists backups newest first and shows each alike under both paths', async () => {
    const { database, token } = await api.tenant('lister');
    const first = await api.doneBackup(database);
    const second = await api.doneBackup(database);
    const { status, json } = await api.request('GET', `/api/databases/${database.id}/backups`, { token });
    const list = json['database_backups'] as { id: string; checksum: string }[];
    expect(status).to.equal(200);
    expect(list.map(({ id }) => id)).to.deep.equal([second.backup.id, first.backup.id]);
    expect(list[1]?.checksum).to.equal(first.file.checksum);
    const byId = await api.request('GET', `/api/backups/${first.backup.id}`, { token });
    const byBoth = await api.request('GET', `/api/databases/${database.name}/backups/${first.backup.id}`, { token });
    expect(byId.json).to.deep.equal({ database_backup: list[1] });
    expect(byBoth.json).to.deep.equal(byId.json);
  });

  it('gives the list in pages that follow each other without a gap, whatever comes meanwhile', async () => {
    const { database, token } = await api.tenant('pages');
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) made.unshift((await api.doneBackup(database)).backup.id);
    const page = async (query: string): Promise<string[]> => {
      const { json } = await api.request('GET', `/api/databases/${database.id}/backups?${query}`, { token });
      return (json['database_backups'] as { id: string }[]).map(({ id }) => id);
    };
    const first = await page('limit=2');
    await api.doneBackup(database);
    const second = await page(`limit=2&before=${first.at(-1)}`);
    const third = await page(`before=${second.at(-1)}`);
    expect([first, second, third]).to.deep.equal([made.slice(0, 2), made.slice(2, 4), made.slice(4)]);
    const { backup } = await api.doneBackup((await api.tenant('beside')).database);
    expect(await page(`before=${made.at(-1)}`), 'after the last').to.deep.equal([]);
    for (const before of ['x', '00000000-0000-7000-8000-000000000000', backup.id]) {
      expect(await page(`before=${before}`), 'none of its backups').to.deep.equal([]);
    }
    expect((await api.request('GET', `/api/databases/${database.id}/backups?limit=0`, { token })).status).to.equal(422);
  });

  it('tells the stored objects of a backup with what they hold', async () => {
    const { database, token } = await api.tenant('files');
    const { backup, file } = await api.doneBackup(database);
    const answer = await api.request('GET', `/api/databases/${database.id}/backups/${backup.id}/files`, { token });
    const { id, role, name, key, size, checksum } = file;
    const shown = { id, role, name, key, size, checksum, plain_size: file.plainSize, plain_sha256: file.plainSha256 };
    expect([answer.status, answer.json]).to.deep.equal([200, { files: [shown] }]);
  });

  it('answers 404 for ids that are no UUIDs, and for a backup under another database of the account', async () => {
    const { database, token } = await api.tenant('two');
    const { backup } = await api.doneBackup(database);
    const fields = { name: 'second', type: 'postgresql', host: 'db.example.com', port: 5432, user: 'u' };
    expect((await api.request('POST', '/api/databases', { token, body: { database: fields } })).status).to.equal(201);
    for (const wrong of ['1', 'x', '%00', `${backup.id}0`, '00000000-0000-7000-8000-000000000000']) {
      const answer = await api.request('GET', `/api/backups/${wrong}`, { token });
      expect([answer.status, answer.json], wrong).to.deep.equal([404, { error: 'This backup does not exist.' }]);
    }
    const under = await api.request('GET', `/api/databases/second/backups/${backup.id}`, { token });
    expect([under.status, under.json]).to.deep.equal([404, { error: 'This backup does not exist.' }]);
  });
});
