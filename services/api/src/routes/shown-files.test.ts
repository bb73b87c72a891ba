import { expect } from 'chai';
import { openApi, type TestApi } from '../harness.test.ts';

interface Shown {
  files: { id: string }[];
}

describe('the content manifest of a backup', () => {
  let api: TestApi;
  before(async () => {
    api = await openApi();
  });
  after(() => api.stop());

  it('is neither shown among its files, nor downloaded, nor restored', async () => {
    const { database, token } = await api.tenant('ada');
    const { backup, file } = await api.doneBackup(database);
    const contentId = '0199c0de-0000-7000-8000-000000000001';
    await api.own.query(
      `insert into holdfast.backup_files select (jsonb_populate_record(f, jsonb_build_object('id', '${contentId}',
         'role', 'content', 'name', 'content.json.zst', 'key', f.key || '.content'))).* from holdfast.backup_files f where id = '${file.id}'`,
    );
    const path = `/v1/backups/${backup.id}`;
    const shown = (await api.request('GET', path, { token })).json['data'] as Shown;
    expect(shown.files.map(({ id }) => id)).to.deep.equal([file.id]);
    const download = await api.request('POST', `${path}/download`, { token });
    expect(download.status, download.text).to.equal(200);
    const links = download.json['data'] as object;
    expect(Object.keys(links)).to.deep.equal([file.name]);
    const named = await api.request('POST', `${path}/restore`, { token, body: { files: [contentId] } });
    expect(named.status, named.text).to.equal(422);
    const made = await api.request('POST', `${path}/restore`, { token });
    expect((made.json['data'] as Shown).files.map(({ id }) => id)).to.deep.equal([file.id]);
  });
});
