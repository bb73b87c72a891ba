import { Secret } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('database dialect: databases of remote servers', () => {
  let api: TestApi;
  let ada: Tenant;
  let server: { id: number; token: string };
  let bucket: number;
  const direct = { type: 'postgresql', host: 'db.example.com', port: 5432, user: 'app' };

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    server = await newServer(ada, 'node');
    bucket = await newBucket(ada);
  });
  after(() => api.stop());

  async function newServer({ account }: Tenant, name: string): Promise<{ id: number; token: string }> {
    const created = await api.deps.persistence.servers.create(account.id, name);
    if (created === 'name_taken') throw new Error('The name of the test server is taken.');
    return { id: created.server.id, token: created.token.reveal() };
  }
  async function newBucket({ account }: Tenant): Promise<number> {
    const { id } = await api.deps.persistence.destinations.create(account.id, {
      label: 'S3',
      type: 's3',
      settings: { bucket: 'b', region: 'eu-west-1', endpoint: null, pathStyle: false, prefix: '', maxParts: 10_000 },
      accessKey: new Secret('key'),
      secretKey: new Secret('secret'),
    });
    return id;
  }
  const register = (database: object) =>
    api.request('POST', '/api/databases', { token: ada.token, body: { database } });
  const change = (name: string, database: object) =>
    api.request('PATCH', `/api/databases/${name}`, { token: ada.token, body: { database } });
  const wrong = (json: Record<string, unknown>) => Object.keys((json['errors'] as object | undefined) ?? {});

  it('are registered with their server and an S3 destination alone', async () => {
    for (const type of ['files', 'postgresql']) {
      const { status, json, text } = await register({
        name: `remote-${type}`,
        type,
        server_id: server.id,
        destination_id: bucket,
        options: {},
      });
      expect(status, text).to.equal(201);
      expect(json['database']).to.deep.include({
        type,
        server_id: server.id,
        host: null,
        port: null,
        user: null,
        options: {},
      });
    }
  });

  it('refuse what their server keeps, naming each field', async () => {
    const { status, json } = await register({
      name: 'x',
      ...direct,
      password: 'p',
      options: { sslmode: 'require' },
      server_id: server.id,
      destination_id: bucket,
    });
    expect([status, wrong(json)]).to.deep.equal([422, ['host', 'port', 'user', 'password', 'options']]);
    for (const given of [
      { host: 'x.example.com' },
      { port: 1 },
      { user: 'x' },
      { password: 'x' },
      { options: { sslmode: 'require' } },
    ]) {
      const answer = await change('remote-files', given);
      expect([answer.status, wrong(answer.json)]).to.deep.equal([422, Object.keys(given)]);
    }
  });

  it("take only the account's own servers, and destinations that a server can upload to", async () => {
    const bob = await api.tenant('bob');
    const foreign = await newServer(bob, 'node');
    for (const id of [foreign.id, 2_000_000_000]) {
      const answer = await register({ name: 'x', type: 'files', server_id: id, destination_id: bucket });
      expect([answer.status, wrong(answer.json)]).to.deep.equal([422, ['server_id']]);
      const moved = await change('remote-files', { server_id: id });
      expect([moved.status, wrong(moved.json)]).to.deep.equal([422, ['server_id']]);
    }
    for (const destination of [{}, { destination_id: ada.destination.id }]) {
      const answer = await register({ name: 'x', type: 'files', server_id: server.id, ...destination });
      expect([answer.status, wrong(answer.json)], JSON.stringify(destination)).to.deep.equal([422, ['destination_id']]);
    }
    const moved = await change('remote-files', { destination_id: ada.destination.id });
    expect([moved.status, wrong(moved.json)]).to.deep.equal([422, ['destination_id']]);
    const schedule = await api.request('POST', '/api/databases/remote-files/schedules', {
      token: ada.token,
      body: { cron: '0 3 * * *', destination_id: ada.destination.id },
    });
    expect([schedule.status, wrong(schedule.json)]).to.deep.equal([422, ['destination_id']]);
  });

  it('may move to another server, but never between a server and our workers', async () => {
    const second = await newServer(ada, 'second');
    const moved = await change('remote-files', { server_id: second.id });
    expect(moved.json).to.have.nested.property('database.server_id', second.id);
    await change('remote-files', { server_id: server.id });
    const removed = await change('remote-files', { server_id: null });
    expect([removed.status, wrong(removed.json)]).to.deep.equal([422, ['server_id']]);
    const given = await change('ada-db', { server_id: server.id });
    expect([given.status, wrong(given.json)]).to.deep.equal([422, ['server_id']]);
    expect((await change('ada-db', { server_id: null })).status).to.equal(200);
  });

  it('stay what they are: neither a path becomes a server nor a server a path', async () => {
    const changed = await change('ada-db', { type: 'files' });
    expect([changed.status, wrong(changed.json)]).to.deep.equal([422, ['type']]);
  });

  it('are tested by whether their server was seen lately', async () => {
    const test = async () => {
      const { status, json } = await api.request('POST', '/api/databases/remote-files/test', { token: ada.token });
      expect(status).to.equal(200);
      return json['database_test'] as { error: { code: string; message: string } | null; server_version: null };
    };
    const before = await test();
    expect(before).to.include({ ok: false, server_version: null });
    expect(before.error?.message).to.equal('The remote server "node" has never been seen: start its agent.');
    await api.request('POST', '/api/remote/jobs/claim', { token: server.token, body: { wait_seconds: 0 } });
    expect((await test()).error).to.equal(null);
    await api.own.query(`update holdfast.servers set last_seen_at = now() - interval '1 hour' where id = ${server.id}`);
    expect((await test()).error?.message).to.match(/was last seen at .+Z: start its agent\.$/);
  });

  it('are backed up and restored without a ring of the queue', async () => {
    const rung = api.rung.length;
    const made = await api.request('POST', '/api/databases/remote-postgresql/backups', { token: ada.token });
    expect(made.status).to.equal(201);
    const { id } = made.json['database_backup'] as { id: string };
    const { backups } = api.deps.persistence;
    await backups.claimOfServer(server.id, 60, id);
    await backups.settle(id, 1, { files: [], manifestKey: 'x/manifest.json' });
    const path = `/api/databases/remote-postgresql/backups/${id}/restore`;
    const restored = await api.request('POST', path, { token: ada.token });
    expect(restored.status, restored.text).to.equal(201);
    expect(await api.deps.persistence.restores.find(String(restored.json['id']))).to.include({ serverId: server.id });
    expect(api.rung).to.have.length(rung);
  });
});
