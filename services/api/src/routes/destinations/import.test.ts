import { expect } from 'chai';
import { attemptPrefix, manifestName, Secret, type EngineType } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

const at = new Date('2026-03-04T05:06:07.000Z');

describe('import of a destination', () => {
  let api: TestApi;
  let tenant: Tenant;
  before(async () => {
    api = await openApi();
    tenant = await api.tenant('owner');
  });
  after(() => api.stop());

  const ask = async (method: string, path: string, body?: unknown) => {
    const { status, json } = await api.request(method, path, {
      token: tenant.token,
      ...(body === undefined ? {} : { body }),
    });
    return [status, json] as const;
  };
  const imports = (method: string) => ask(method, `/api/backup-destinations/${tenant.destination.id}/import`);

  /** A backup that an import brought, with a database that nobody can reach. */
  async function imported(engine: EngineType = 'postgresql', destinationId = tenant.destination.id) {
    const own = { id: systemIds.uuid(), databaseId: systemIds.uuid(), createdAt: at };
    const prefix = attemptPrefix(own, 1);
    const taken = await api.deps.persistence.imports.take(destinationId, {
      backup: {
        ...own,
        scheduleId: null,
        scheduledFor: null,
        method: 'manual',
        name: '20260304050607_lost',
        manifestKey: prefix + manifestName,
        manifestSha256: 'ab'.repeat(32),
        warnings: [],
        part: null,
        recipients: null,
        objectLockedUntil: null,
        startedAt: at,
        completedAt: at,
        attempt: 1,
      },
      engine,
      databaseName: `lost ${own.id.slice(-6)}`,
      database: 'lost',
      files: [],
      damage: null,
    });
    expect(taken).to.include({ state: 'imported' });
    return own;
  }

  it('is asked for, rings for it, and shows how it goes and what came of it', async () => {
    const repository = api.deps.persistence.imports;
    const { id } = tenant.destination;
    expect(await imports('GET')).to.have.nested.property('[1].data.status', 'none');
    const [status, asked] = await imports('POST');
    expect(status).to.equal(202);
    expect(asked).to.have.nested.property('data.status', 'requested');
    expect(api.rung.at(-1)).to.include({ name: 'destination.import@1', jobId: `import-${id}` });
    const run = await repository.begin(id, 60);
    expect(await imports('POST')).to.have.nested.property('[1].data.status', 'running');
    const refused = [{ key: 'x/manifest.json', reason: 'It is damaged.' }];
    const counts = { manifests: 3, imported: 1, known: 1, databases: 1 };
    const report = { ...counts, damaged: [], damagedCount: 0, refused, refusedCount: 1 };
    await repository.end(id, run ?? 0, { report, error: null });
    const [, done] = await imports('GET');
    expect(done).to.have.nested.property('data.status', 'done');
    expect((done['data'] as { report: unknown }).report).to.deep.equal({
      ...counts,
      damaged: [],
      damaged_count: 0,
      refused,
      refused_count: 1,
    });
    await imports('POST');
    const second = await repository.begin(id, 60);
    await repository.end(id, second ?? 0, { report: null, error: { code: 'store_unreachable', message: 'Away.' } });
    expect(await imports('GET')).to.have.nested.property('[1].data.status', 'failed');
  });

  it('shows what it brought as imported', async () => {
    const { id, databaseId } = await imported();
    const [, answer] = await ask('GET', `/api/databases/${databaseId}/backups/${id}`);
    expect((answer['database_backup'] as { imported_at: unknown }).imported_at).to.be.a('string');
    const [, database] = await ask('GET', `/api/databases/${databaseId}`);
    expect(database['database']).to.include({ host: null, port: null, user: null, server_id: null });
  });

  it('brings databases that refuse work until they are given a connection', async () => {
    const { id, databaseId } = await imported();
    const path = `/api/databases/${databaseId}`;
    for (const [method, rest, body, expected] of [
      ['POST', '/backups', {}, 409],
      ['POST', '/schedules', { cron: '0 3 * * *' }, 409],
      ['POST', `/backups/${id}/restore`, {}, 409],
      ['POST', `/backups/${id}/restore`, { target: { new_database: 'copy' } }, 409],
      ['PATCH', '', { database: { periodic_backups_enabled: true } }, 422],
      ['PATCH', '', { database: { host: 'db.example.com' } }, 422],
      ['PATCH', '', { database: { password: 'x' } }, 422],
      ['PATCH', '', { database: { type: 'files' } }, 422],
      ['PATCH', '', { database: { server_id: 999_999 } }, 422],
    ] as const) {
      const [status, json] = await ask(method, path + rest, body);
      expect([status, JSON.stringify(json)], `${method} ${rest} ${JSON.stringify(body)}`).to.satisfy(
        ([given, text]: [number, string]) => given === expected && /host|user|server_id|type/.test(text),
      );
    }
    const [tested, probe] = await ask('POST', `${path}/test`);
    expect([tested, (probe['database_test'] as { ok: boolean }).ok]).to.deep.equal([200, false]);
    expect((await ask('PATCH', path, { database: { name: `renamed ${id.slice(-6)}` } }))[0]).to.equal(200);

    const reach = { host: 'db.example.com', user: 'app', password: 'secret' };
    const [status, json] = await ask('PATCH', path, { database: reach });
    expect(status, JSON.stringify(json)).to.equal(200);
    expect(json['database']).to.include({ host: 'db.example.com', port: 5432, user: 'app' });
    expect((await ask('POST', `${path}/backups`, {}))[0]).to.equal(201);
    expect((await ask('POST', `${path}/backups/${id}/restore`, { target: { new_database: 'copy' } }))[0]).to.equal(201);
  });

  it('brings databases of remote servers, which get their server', async () => {
    const { destinations, servers, databases } = api.deps.persistence;
    const { databaseId } = await imported('files');
    const path = `/api/databases/${databaseId}`;
    const created = await servers.create(tenant.account.id, 'node');
    const server_id = created === 'name_taken' ? 0 : created.server.id;
    expect((await ask('PATCH', path, { database: { host: 'db.example.com', user: 'x' } }))[0]).to.equal(422);
    expect((await ask('PATCH', path, { database: { server_id, host: 'x', user: 'y' } }))[0]).to.equal(422);
    expect((await ask('PATCH', path, { database: { server_id } }))[0], 'it cannot upload there').to.equal(422);
    const { id } = await destinations.create(tenant.account.id, {
      label: 'S3',
      type: 'custom_s3',
      settings: {
        bucket: 'b',
        region: 'eu-west-1',
        endpoint: 'https://s3.example.com',
        pathStyle: false,
        prefix: '',
        maxParts: 10_000,
      },
      accessKey: new Secret('a'),
      secretKey: new Secret('b'),
    });
    const [status, json] = await ask('PATCH', path, { database: { server_id, destination_id: id } });
    expect(status, JSON.stringify(json)).to.equal(200);
    expect(await databases.find(databaseId)).to.include({ serverId: server_id, host: null });
  });

  it('answers two first connections at once without a fault, and keeps one', async () => {
    const { databases } = api.deps.persistence;
    const { databaseId } = await imported();
    const created = await api.deps.persistence.servers.create(tenant.account.id, 'other node');
    const serverId = created === 'name_taken' ? 0 : created.server.id;
    expect(await databases.update(tenant.account.id, databaseId, { serverId })).to.include({ serverId });
    const direct = { host: 'db.example.com', port: 5432, user: 'x' };
    expect(await databases.update(tenant.account.id, databaseId, direct)).to.equal('other_reach');
    expect(await databases.find(databaseId)).to.include({ serverId, host: null });
  });
});
