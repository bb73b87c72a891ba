import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('database dialect: restores', () => {
  let api: TestApi;
  let ada: Tenant;
  let backupId: string;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    backupId = (await api.doneBackup(ada.database)).backup.id;
  });
  after(() => api.stop());

  const restore = (body?: unknown) =>
    api.request('POST', `/api/databases/${ada.database.name}/backups/${backupId}/restore`, { token: ada.token, body });

  it('answers 201 unwrapped, rings the queue, and shows the restore under its own path', async () => {
    const { status, json } = await restore();
    expect(status).to.equal(201);
    expect(json).to.deep.include({
      started_at: null,
      ended_at: null,
      method: 'backup',
      status: 'scheduled',
      database_id: ada.database.id,
      source_backup_id: backupId,
      target: { in_place: true },
      ownership: 'keep',
    });
    expect(api.rung.at(-1)).to.deep.include({ name: 'restore.run@1', jobId: `restore-${String(json['id'])}-1` });
    const path = `/api/databases/${ada.database.id}/backup_restorations/${String(json['id'])}`;
    const shown = await api.request('GET', path, { token: ada.token });
    expect([shown.status, shown.json]).to.deep.equal([200, { backup_restoration: json }]);
  });

  it('answers 409 to a second restore onto the same target, and takes one onto another', async () => {
    expect((await restore({ target: { in_place: true } })).status).to.equal(409);
    const copy = await restore({ target: { new_database: 'copy' } });
    expect(copy.status).to.equal(201);
    expect(copy.json).to.deep.include({ target: { new_database: 'copy' }, ownership: 'skip' });
    const again = await restore({ target: { new_database: 'copy' }, ownership: 'keep' });
    expect(again.status).to.equal(409);
    expect(again.json).to.have.all.keys('error');
    expect((await restore({ target: { new_database: 'copy 2' }, ownership: 'keep' })).json).to.include({
      ownership: 'keep',
    });
  });

  it('restores chosen files onto another database of the account, and shows that under both', async () => {
    const { persistence } = api.deps;
    const database = async (name: string) => {
      const { host, port, user, password, database, type, options, destinationId } = ada.database;
      const fields = { name, host, port, user, password, database, type, options, destinationId };
      const made = await persistence.databases.create(ada.account.id, fields);
      if (made === 'name_taken') throw new Error('The name is taken.');
      return made;
    };
    const [second, third] = [await database('second'), await database('third')];
    const [file] = await persistence.backups.files(backupId);
    const { status, json, text } = await restore({ target: { database_id: second.id }, files: [file?.id] });
    expect(status, text).to.equal(201);
    expect(json).to.deep.include({ database_id: second.id, target: { in_place: true }, ownership: 'skip' });
    const id = String(json['id']);
    expect((await persistence.restores.find(id))?.fileIds).to.deep.equal([file?.id]);
    const seen = async (db: string) =>
      (await api.request('GET', `/api/databases/${db}/backup_restorations/${id}`, { token: ada.token })).status;
    expect([await seen(second.id), await seen(ada.database.id), await seen(third.id)]).to.deep.equal([200, 200, 404]);
    for (const files of [[], ['0199c0de-0000-7000-8000-000000000000']]) {
      const refused = await restore({ target: { new_database: 'none' }, files });
      expect([refused.status, Object.keys(refused.json['errors'] as object)]).to.deep.equal([422, ['files']]);
    }
  });

  it('lists restores newest first, under the database that they are of and the one that they go onto', async () => {
    const { persistence } = api.deps;
    const { host, port, user, password, database, type, options, destinationId } = ada.database;
    const fields = { name: 'onto', host, port, user, password, database, type, options, destinationId };
    const onto = await persistence.databases.create(ada.account.id, fields);
    if (onto === 'name_taken') throw new Error('The name is taken.');
    const first = String((await restore({ target: { database_id: onto.id } })).json['id']);
    const second = String((await restore({ target: { new_database: 'listed' } })).json['id']);
    const listed = async (db: string, query = ''): Promise<string[]> => {
      const { json } = await api.request('GET', `/api/databases/${db}/backup_restorations${query}`, {
        token: ada.token,
      });
      return (json['backup_restorations'] as { id: string }[]).map(({ id }) => id);
    };
    expect((await listed(ada.database.id)).slice(0, 2)).to.deep.equal([second, first]);
    expect(await listed(ada.database.id, '?limit=1')).to.deep.equal([second]);
    expect(await listed(onto.id)).to.deep.equal([first]);
  });

  it('answers 409 to the restore of a backup that is not done', async () => {
    const { database, token } = await api.tenant('waiting');
    const made = await api.request('POST', `/api/databases/${database.id}/backups`, { token });
    const { id } = made.json['database_backup'] as { id: string };
    const { status, json } = await api.request('POST', `/api/databases/${database.id}/backups/${id}/restore`, {
      token,
    });
    expect([status, json]).to.deep.equal([409, { error: 'This backup cannot be restored: it has not completed.' }]);
  });

  it('refuses fields that it does not know, so that a misplaced target never becomes a restore in place', async () => {
    for (const body of [{ new_database: 'copy' }, { database_id: ada.database.id }, { targets: {} }]) {
      const { status, json } = await restore(body);
      expect([status, json], JSON.stringify(body)).to.deep.equal([
        422,
        { errors: { body: [`The request body must not have the entries ${Object.keys(body).join()}.`] } },
      ]);
    }
  });

  it('refuses targets that are ambiguous or that client programs would not read as a name', async () => {
    const wrong = [
      { target: {} },
      { target: 'copy' },
      { target: { in_place: true, new_database: 'x' } },
      { target: { in_place: false } },
      { target: { new_database: '' } },
      { target: { new_database: '-x' } },
      { target: { new_database: 'host=evil.example.com' } },
      { target: { new_database: 'postgres://evil.example.com/x' } },
      { target: { new_database: 'a\u0000b' } },
      { target: { new_database: 'é'.repeat(32) } },
      { ownership: 'steal' },
      [],
    ];
    for (const body of wrong) {
      const { status, json } = await restore(body);
      expect(status, JSON.stringify(body)).to.equal(422);
      expect(json).to.have.all.keys('errors');
    }
  });
});
