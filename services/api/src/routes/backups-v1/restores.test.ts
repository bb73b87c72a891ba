import type { Backup, BackupFile, Database, Server } from '@holdfast/shared/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

interface View {
  id: string;
  status: string;
  compute: unknown;
  target: unknown;
  files: { id: string }[];
  [field: string]: unknown;
}

const unknownId = '0199c0de-0000-7000-8000-000000000000';

describe('backups v1: restores', () => {
  let api: TestApi;
  let ada: Tenant;
  let eve: Tenant;
  let backup: Backup;
  let file: BackupFile;
  let server: Server;
  let otherServer: Server;
  /** Reached by our workers, like the one that the backup is of. */
  let second: Database;
  /** Backed up by `server`. */
  let remote: Database;
  let directory: Database;

  before(async () => {
    api = await openApi();
    [ada, eve] = [await api.tenant('ada'), await api.tenant('eve')];
    ({ backup, file } = await api.doneBackup(ada.database));
    server = await registered('node-1');
    otherServer = await registered('node-2');
    const { host, port, user, password, database: of, type, options, destinationId } = ada.database;
    const fields = { host, port, user, password, database: of, type, options, destinationId };
    const away = { host: null, port: null, user: null, password: null, options: {}, serverId: server.id };
    second = await database({ ...fields, name: 'second' });
    remote = await database({ ...fields, ...away, name: 'remote' });
    directory = await database({ ...fields, ...away, name: 'directory', type: 'files' });
  });
  after(() => api.stop());
  afterEach(() => end());

  /** Makes room for other restores onto the same targets. */
  async function end(): Promise<void> {
    const waiting = await api.own.query(`select id from holdfast.restores where status = 'scheduled'`);
    for (const { id } of waiting) await api.deps.persistence.restores.requestCancel(String(id));
  }

  async function registered(name: string): Promise<Server> {
    const made = await api.deps.persistence.servers.create(ada.account.id, name);
    if (made === 'name_taken') throw new Error('The name is taken.');
    return made.server;
  }

  async function database(fields: Parameters<TestApi['deps']['persistence']['databases']['create']>[1]) {
    const made = await api.deps.persistence.databases.create(ada.account.id, fields);
    if (made === 'name_taken') throw new Error('The name is taken.');
    return made;
  }

  const ask = (body?: unknown, id = backup.id) =>
    api.request('POST', `/v1/backups/${id}/restore`, { token: ada.token, body });
  const restore = async (body?: unknown): Promise<View> => {
    const { status, json, text } = await ask(body);
    expect(status, text).to.equal(201);
    return json['data'] as View;
  };
  const row = (view: View) => api.deps.persistence.restores.find(view.id);

  it('answers 201 with every documented field, rings the queue, and shows the restore to who polls', async () => {
    const made = await restore();
    const { id, created_at: createdAt, files, ...rest } = made;
    expect(new Date(String(createdAt)).toISOString()).to.equal(createdAt);
    expect(rest).to.deep.equal({
      job_id: ada.database.id,
      backup_id: backup.id,
      compute: null,
      status: 'pending',
      started_at: null,
      completed_at: null,
      target: { database_id: ada.database.id, new_database: null },
      progress: { bytes: 0, fraction: null },
      error: null,
      outcome: null,
    });
    expect(files.map((one) => one.id)).to.deep.equal([file.id]);
    expect(files[0]).to.have.all.keys('id', 'name', 'size', 'size_bytes', 'url');
    expect(api.rung.at(-1)).to.deep.include({ name: 'restore.run@1', jobId: `restore-${id}-1` });
    expect(await row(made)).to.include({ ownership: 'keep', fileIds: null, serverId: null, compute: null });

    const path = `/v1/backups/${backup.id}/restores/${id}`;
    const polled = await api.request('GET', path, { token: ada.token });
    expect([polled.status, (polled.json['data'] as View).id]).to.deep.equal([200, id]);
    await api.deps.persistence.restores.claim(id, { worker: 'test', seconds: 60 });
    const begun = (await api.request('GET', path, { token: ada.token })).json['data'] as View;
    expect([begun.status, begun['started_at'] !== null]).to.deep.equal(['running', true]);
    await api.deps.persistence.restores.settle(id, 1, 'Whole.');
    const ended = (await api.request('GET', path, { token: ada.token })).json['data'] as View;
    expect(ended).to.deep.include({ status: 'completed', outcome: 'Whole.', error: null });
  });

  it('shows a restore only under its own backup', async () => {
    const { id } = await restore({ target: { new_database: 'elsewhere' } });
    const other = (await api.doneBackup(ada.database)).backup.id;
    for (const path of [`${other}/restores/${id}`, `${backup.id}/restores/${unknownId}`, `${backup.id}/restores/x`]) {
      const { status, json } = await api.request('GET', `/v1/backups/${path}`, { token: ada.token });
      expect([status, json], path).to.deep.equal([404, { message: 'This restore does not exist.' }]);
    }
  });

  it('makes one restore for a repeated Idempotency-Key, whatever became of the answer', async () => {
    const asked = {
      token: ada.token,
      body: { target: { new_database: 'once' } },
      headers: { 'idempotency-key': 'once' },
    };
    const path = `/v1/backups/${backup.id}/restore`;
    const first = await api.request('POST', path, asked);
    const again = await api.request('POST', path, asked);
    // As if the process had died before it kept its answer.
    const lost = `status = null, answer = null, begun_at = begun_at - interval '1 hour'`;
    await api.own.query(`update holdfast.idempotency_keys set ${lost} where key = 'once'`);
    const afterwards = await api.request('POST', path, asked);
    const { id } = first.json['data'] as View;
    for (const { status, json, text } of [first, again, afterwards]) {
      expect(status, text).to.equal(201);
      expect((json['data'] as View).id).to.equal(id);
    }
  });

  it('restores the files that are named', async () => {
    const made = await restore({ files: [file.id] });
    expect((await row(made))?.fileIds).to.deep.equal([file.id]);
    expect(made.files.map(({ id }) => id)).to.deep.equal([file.id]);
  });

  it('refuses files that are none, unknown, named twice or of another backup', async () => {
    const foreign = (await api.doneBackup(ada.database)).file.id;
    for (const files of [[], [unknownId], ['x'], [foreign], [file.id, foreign], [file.id, file.id], 'all', [7], {}]) {
      const { status, json } = await ask({ files });
      expect(status, JSON.stringify(files)).to.equal(422);
      expect(json).to.have.all.keys('message', 'errors');
      expect(Object.keys(json['errors'] as object)[0], JSON.stringify(files)).to.match(/^files/);
    }
  });

  it('refuses fields that it does not know, so that a misplaced target never becomes a restore in place', async () => {
    for (const body of [{ new_database: 'copy' }, { database_id: second.id }, { targets: {} }, { file: [file.id] }]) {
      const { status, json } = await ask(body);
      const problem = `The request body must not have the entries ${Object.keys(body).join()}.`;
      expect([status, json]).to.deep.equal([422, { message: problem, errors: { body: [problem] } }]);
    }
  });

  it('promises no new database for files of which none can be made', async () => {
    const { backup: whole, file: globals } = await api.doneBackup(ada.database);
    await api.own.query(`update holdfast.backup_files set role = 'globals' where id = '${globals.id}'`);
    const { status, json } = await ask({ files: [globals.id], target: { new_database: 'empty' } }, whole.id);
    const problem = 'The files field must hold the dump, of which the new database is made.';
    expect([status, json]).to.deep.equal([422, { message: problem, errors: { files: [problem] } }]);
    expect((await ask({ files: [globals.id] }, whole.id)).status).to.equal(201);
  });

  it('tells in its own words that a backup has not completed', async () => {
    const { database: of, token } = await api.tenant('waiting');
    const made = await api.request('POST', `/api/databases/${of.id}/backups`, { token });
    const { id } = made.json['database_backup'] as { id: string };
    await api.deps.persistence.backups.claim(id, { worker: 'test', seconds: 60 });
    const { status, json } = await api.request('POST', `/v1/backups/${id}/restore`, { token });
    expect([status, json]).to.deep.equal([409, { message: 'This backup cannot be restored: it has not completed.' }]);
  });

  it('asks for both halves of compute or for none, and names the one that is missing', async () => {
    for (const [compute, field] of [
      [{ type: 'server' }, 'compute.server_id'],
      [{ server_id: 0 }, 'compute.type'],
      [{ type: 'lambda', server_id: 0 }, 'compute.type'],
      [{ type: 'server', server_id: 'x' }, 'compute.server_id'],
      [{ type: 'server', server_id: -1 }, 'compute.server_id'],
      [{ type: 'server', server_id: 7 }, 'compute.server_id'],
      [{ type: 'ss_agent', server_id: 2_000_000_000 }, 'compute.server_id'],
      [{ type: 'ss_agent', server_id: 1e300 }, 'compute.server_id'],
      ['server', 'compute'],
    ] as const) {
      const { status, json, text } = await ask({ compute });
      expect(status, text).to.equal(422);
      expect(Object.keys(json['errors'] as object), JSON.stringify(compute)).to.deep.equal([field]);
    }
    expect((await restore({ compute: {} })).compute).to.equal(null);
  });

  it("does not run a restore on another account's server", async () => {
    const made = await api.deps.persistence.servers.create(eve.account.id, 'hers');
    const id = made === 'name_taken' ? 0 : made.server.id;
    const asked = { compute: { type: 'ss_agent', server_id: id }, target: { new_database: 'stolen' } };
    const { status, json } = await ask(asked);
    expect([status, Object.keys(json['errors'] as object)]).to.deep.equal([422, ['compute.server_id']]);
  });

  it('runs it with the workers where that is asked for, and shows their pool as a server', async () => {
    const made = await restore({ compute: { type: 'server', server_id: 0 } });
    expect(made.compute).to.deep.equal({
      id: 0,
      type: 'server',
      server: {
        id: 0,
        host: '',
        user: '',
        port: 0,
        name: 'Workers',
        created_at: ada.account.createdAt.toISOString(),
        last_used: null,
        status: 'success',
      },
    });
    expect(await row(made)).to.include({ compute: 'server', serverId: null });
  });

  it('leaves it to the remote server that alone reaches the target, without a ring', async () => {
    const rung = api.rung.length;
    const implied = await restore({ target: { database_id: remote.id } });
    expect(await row(implied)).to.include({ compute: null, serverId: server.id, maxFailures: 1, ownership: 'skip' });
    expect(implied.compute).to.deep.include({ id: server.id, type: 'ss_agent' });
    await end();
    const asked = { compute: { type: 'ss_agent', server_id: server.id }, target: { database_id: remote.id } };
    const named = await restore(asked);
    expect(await row(named)).to.include({ compute: 'ss_agent', serverId: server.id });
    expect(named.compute).to.deep.equal({
      id: server.id,
      type: 'ss_agent',
      server: {
        id: server.id,
        host: '',
        user: '',
        port: 0,
        name: 'node-1',
        created_at: server.createdAt.toISOString(),
        last_used: null,
        status: 'pending',
      },
    });
    expect(api.rung.length).to.equal(rung);
  });

  it('refuses a compute that cannot reach the target, and lets a remote server make a new database', async () => {
    const refused: [unknown, string][] = [
      [{ compute: { type: 'server', server_id: 0 }, target: { database_id: remote.id } }, 'compute.type'],
      [
        { compute: { type: 'ss_agent', server_id: otherServer.id }, target: { database_id: remote.id } },
        'compute.server_id',
      ],
      [{ compute: { type: 'ss_agent', server_id: server.id } }, 'compute.server_id'],
    ];
    for (const [body, field] of refused) {
      const { status, json, text } = await ask(body);
      expect(status, text).to.equal(422);
      expect(Object.keys(json['errors'] as object)).to.deep.equal([field]);
    }
    const copy = await restore({
      compute: { type: 'ss_agent', server_id: otherServer.id },
      target: { new_database: 'copy' },
    });
    expect(await row(copy)).to.include({ serverId: otherServer.id });
    expect(copy.target).to.deep.equal({ database_id: ada.database.id, new_database: 'copy' });
  });

  it("restores onto another database of the account, and only onto the account's own of the same kind", async () => {
    const made = await restore({ target: { database_id: second.id } });
    expect(made).to.deep.include({ job_id: ada.database.id, target: { database_id: second.id, new_database: null } });
    expect(await row(made)).to.deep.include({
      databaseId: second.id,
      target: { mode: 'in_place' },
      ownership: 'skip',
    });
    for (const id of [eve.database.id, unknownId, 'x', second.name, '', directory.id]) {
      const { status, json } = await ask({ target: { database_id: id } });
      expect(status, id).to.equal(422);
      expect(Object.keys(json['errors'] as object), id).to.deep.equal(['target.database_id']);
    }
    for (const target of [{}, 'copy', { new_database: '' }, { new_database: 'x', database_id: second.id }]) {
      const { status, json } = await ask({ target });
      expect([status, Object.keys(json['errors'] as object)[0]?.split('.')[0]]).to.deep.equal([422, 'target']);
    }
  });

  it('answers 409 to a second restore onto the same target, in whichever dialect and from whichever backup', async () => {
    const other = await api.doneBackup(second);
    await restore({ target: { database_id: second.id } });
    const attempts = [
      await ask({ target: { database_id: second.id } }),
      await ask({}, other.backup.id),
      await api.request('POST', `/api/databases/${second.id}/backups/${other.backup.id}/restore`, { token: ada.token }),
      await api.request('POST', `/api/databases/${ada.database.id}/backups/${backup.id}/restore`, {
        token: ada.token,
        body: { target: { database_id: second.id } },
      }),
    ];
    for (const { status } of attempts) expect(status).to.equal(409);
    expect(attempts[0]?.json).to.deep.equal({
      message: 'Another restore onto the same target waits or runs: wait until it has ended.',
    });
    await restore();
  });

  it('answers 409 to the restore of what is not completed', async () => {
    const made = await api.request('POST', `/api/databases/${second.id}/backups`, { token: ada.token });
    const { id } = made.json['database_backup'] as { id: string };
    const { status, json } = await ask({ files: [unknownId] }, id);
    expect([status, Object.keys(json)]).to.deep.equal([409, ['message']]);
  });

  it('takes or refuses any body, and never fails of it', async () => {
    const some = fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), fc.constantFrom(file.id, second.id, remote.id));
    const body = fc.record(
      {
        files: fc.oneof(some, fc.array(some)),
        compute: fc.oneof(some, fc.record({ type: fc.constantFrom('server', 'ss_agent', 7), server_id: some })),
        target: fc.oneof(
          some,
          fc.record({ database_id: some }),
          fc.record({ new_database: fc.oneof(some, fc.string({ unit: 'binary' })) }),
        ),
      },
      { requiredKeys: [] },
    );
    const statuses = new Set<number>();
    const property = fc.asyncProperty(body, async (asked) => {
      const raw = JSON.stringify(asked, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
      const headers = { 'content-type': 'application/json' };
      const { status, text } = await api.request('POST', `/v1/backups/${backup.id}/restore`, {
        token: ada.token,
        raw,
        headers,
      });
      expect(status, `${raw}: ${text}`).to.be.oneOf([201, 409, 422]);
      statuses.add(status);
    });
    await fc.assert(property, { numRuns: 300 });
    expect(statuses).to.include(422);
  });
});
